"""Python, packages and device of this process."""

import platform
import shutil
import sys
from collections.abc import Mapping
from importlib import metadata
from typing import Any

PACKAGES = ("torch", "pyro-ppl", "numpy", "scipy", "pandas", "anndata", "h5py")


def describe_environment() -> dict[str, Any]:
    """What Python, packages and device will be used; a package that is missing is None."""
    found: dict[str, Any] = {"python": sys.executable, "version": platform.python_version(), "packages": {}}
    for name in PACKAGES:
        try:
            found["packages"][name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found["packages"][name] = None
    torch = sys.modules.get("torch")
    found["threads"] = torch.get_num_threads() if torch else None
    found["device"] = torch.cuda.get_device_name() if torch and torch.cuda.is_available() else "cpu"
    found["cuda"] = torch.version.cuda if torch else None  # what torch was built for
    found["driver"] = shutil.which("nvidia-smi")  # a sign of a GPU, whether torch can use it or not
    return found


def package_versions(packages: Mapping[str, str]) -> dict[str, str]:
    """Versions of Python and of packages. packages: the names to give them, and their names as distributions."""
    return {"python": platform.python_version()} | {name: metadata.version(dist) for name, dist in packages.items()}

"""Python, packages and device of this process."""

import ctypes
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Literal

Record = Literal["fit", "unit"]  # what keeps versions: the manifest of a fit, the key of a unit of the certificate


@dataclass(frozen=True)
class Package:
    """A package that fatebias stands on. name: of its distribution; called: in records, those that keep its version."""

    name: str
    called: str
    records: tuple[Record, ...] = ()


PACKAGES = (
    Package("torch", "torch", ("fit", "unit")),
    Package("pyro-ppl", "pyro", ("fit",)),
    Package("numpy", "numpy", ("fit", "unit")),
    Package("scipy", "scipy", ("fit", "unit")),
    Package("pandas", "pandas"),
    Package("anndata", "anndata", ("fit",)),
    Package("h5py", "h5py"),
    Package("zarr", "zarr"),
)


def describe_environment() -> dict[str, Any]:
    """What Python, packages and device will be used; a package that is missing is None."""
    found: dict[str, Any] = {"python": sys.executable, "version": platform.python_version(), "packages": {}}
    for package in PACKAGES:
        try:
            found["packages"][package.name] = metadata.version(package.name)
        except metadata.PackageNotFoundError:
            found["packages"][package.name] = None
    torch = sys.modules.get("torch")
    found["threads"] = torch.get_num_threads() if torch else None
    found["device"] = torch.cuda.get_device_name() if torch and torch.cuda.is_available() else "cpu"
    found["cuda"] = torch.version.cuda if torch else None  # what torch was built for
    found["driver"] = shutil.which("nvidia-smi")  # a sign of a GPU, whether torch can use it or not
    return found


def package_versions(record: Record) -> dict[str, str]:
    """Versions of Python and of the packages behind the numbers of a record, as it calls them."""
    found = {package.called: metadata.version(package.name) for package in PACKAGES if record in package.records}
    return {"python": platform.python_version()} | found


def count_gpus() -> int:
    """NVIDIA GPUs of this machine, as their driver says; torch, which takes seconds to import, is not asked."""
    for name in ("libcuda.so.1", "nvcuda.dll"):
        try:
            driver, number = ctypes.CDLL(name), ctypes.c_int(0)
        except OSError:
            continue
        if driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(number)) == 0:
            return number.value
    return 0

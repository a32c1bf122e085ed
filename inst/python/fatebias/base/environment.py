"""Python, packages and device of this process."""

import ctypes
import os
import platform
import shutil
import sys
from dataclasses import dataclass
from importlib import metadata
from typing import Any, Literal

from .errors import SettingsError
from .memory import MemoryLimit

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


LEAST_REFUSED = 64  # threads up to which none are refused, and
THREADS_A_CORE = 4  # threads a core up to which none are: more slow each other down, and thousands crash OpenMP


def threads_fault(threads: int | None) -> str:
    """What is wrong with a number of threads on this machine, or ""."""
    cores = os.cpu_count() or 1
    if threads is None or threads <= max(LEAST_REFUSED, THREADS_A_CORE * cores):
        return ""
    return f"`threads: {threads}` is far more than the {cores} cores of this machine; set {cores} at most, or null"


def refuse_threads(threads: int | None) -> None:
    """Raise SettingsError for more threads than the machine can sensibly run."""
    if fault := threads_fault(threads):
        raise SettingsError(f"{fault}.")


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
    number = ctypes.c_int(0)
    driver = _gpu_driver()
    return number.value if driver is not None and driver.cuDeviceGetCount(ctypes.byref(number)) == 0 else 0


def gpu_memory() -> MemoryLimit | None:
    """The memory of the first NVIDIA GPU, on which a fit runs; None where there is none."""
    driver, device, size = _gpu_driver(), ctypes.c_int(0), ctypes.c_size_t(0)
    if driver is None or driver.cuDeviceGet(ctypes.byref(device), 0) != 0:
        return None
    if driver.cuDeviceTotalMem_v2(ctypes.byref(size), device) != 0:
        return None
    return MemoryLimit(bytes=size.value, whose="the GPU")


def _gpu_driver() -> ctypes.CDLL | None:
    for name in ("libcuda.so.1", "nvcuda.dll"):
        try:
            driver = ctypes.CDLL(name)
        except OSError:
            continue
        if driver.cuInit(0) == 0:
            return driver
    return None

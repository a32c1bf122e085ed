"""Memory: what this process may take, refusals before work that needs far more, and words for where it ran out.

The limit is the least of the machine's memory, that of the control group (a container, a job of Slurm), what Slurm was
asked for and the limit of the address space (`ulimit -v`). Estimates are made elsewhere (`preflight.fit_memory`).
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from .errors import MemoryLimitError

FAR = 1.5  # times the limit: no estimate is as wrong as that
NEAR = 0.8  # share of the limit from which on it is told
GROUPS = Path("/sys/fs/cgroup")
OWN_GROUPS = Path("/proc/self/cgroup")
UNBOUNDED = 1 << 60  # bytes: what control groups without a limit show, and what rounding makes of it
_WORDS = ("allocate memory", "out of memory", "not enough memory", "bad_alloc", "memory allocation failed")


@dataclass(frozen=True, kw_only=True)
class MemoryLimit:
    """bytes: the most that this process can have. whose: of what, in words."""

    bytes: float
    whose: str


def memory_limit() -> MemoryLimit | None:
    """The least of the limits that this process has; None where the system does not tell any."""
    found = [limit for limit in (_machine(), _group(), _slurm(), _address_space()) if limit is not None]
    return min(found, key=lambda limit: limit.bytes, default=None)


def gigabytes(size: float) -> str:
    """Bytes in words, two digits: "0.45 GB", "3.9 GB", "120 GB"; GB are 2^30 bytes, as Slurm and `free` count them."""
    size = float(f"{size / 2**30:.2g}")
    return f"{size:,.0f} GB" if size >= 10 else f"{size:g} GB"


def is_far_beyond(size: float, limit: MemoryLimit | None) -> bool:
    return limit is not None and size > FAR * limit.bytes


def is_near(size: float, limit: MemoryLimit | None) -> bool:
    return limit is not None and size > NEAR * limit.bytes


def memory_words(size: float, limit: MemoryLimit) -> str:
    """What is needed, and what there is."""
    return f"about {gigabytes(size)} of memory; {limit.whose} has {gigabytes(limit.bytes)}"


def refuse_memory(size: float, what: str, lower: str, limit: MemoryLimit | None = None) -> None:
    """Raise MemoryLimitError where work needs far more bytes than there are. what: the work ("The fit"); lower: what
    to do, as the end of the message.
    """
    limit = limit or memory_limit()
    if limit is not None and is_far_beyond(size, limit):
        raise MemoryLimitError(f"{what} needs {memory_words(size, limit)}. {lower}")


def lacks_memory(error: BaseException) -> bool:
    """Does an error say that memory ran out? Of Python and numpy, torch on either device, and what C++ code throws."""
    if isinstance(error, MemoryError):
        return True
    return isinstance(error, (RuntimeError, OSError)) and any(words in str(error) for words in _WORDS)


@contextmanager
def telling_memory(what: str, lower: str) -> Iterator[None]:
    """A lack of memory within the `with` block becomes a MemoryLimitError; arguments as for `refuse_memory`."""
    try:
        yield
    except Exception as error:
        if not lacks_memory(error):
            raise
        raise MemoryLimitError(without_memory(error, what, lower)) from error


def without_memory(error: BaseException, what: str = "This", lower: str = "Run it where there is more.") -> str:
    """An error of `lacks_memory` in words."""
    return f"{what} needs more memory than there is ({_said(error)}). {lower}"


def _said(error: BaseException) -> str:
    """What was asked for, on one line, without the place in C++ code."""
    text = " ".join(str(error).split()) or "no more can be had"
    return text if len(text) <= 200 else f"{text[:200]}.."


def _machine() -> MemoryLimit | None:
    try:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # Windows
        return None
    return MemoryLimit(bytes=size, whose="this machine") if size > 0 else None


def _group() -> MemoryLimit | None:
    """Of control groups, version 2 (memory.max) or 1 (memory.limit_in_bytes), of this process and of those above."""
    found = []
    for folder, name in _groups():
        try:
            found.append(int((folder / name).read_text()))
        except (OSError, ValueError):  # not there, or "max"
            continue
    size = min(found, default=UNBOUNDED)
    return MemoryLimit(bytes=size, whose="the control group of this process") if 0 < size < UNBOUNDED else None


def _groups() -> Iterator[tuple[Path, str]]:
    """Folders that may hold a limit, and the name of its file there."""
    try:
        lines = OWN_GROUPS.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "memory" not in controllers.split(","):
            continue
        top, name = (GROUPS / "memory", "memory.limit_in_bytes") if controllers else (GROUPS, "memory.max")
        own = Path(path.strip("/"))
        for part in (own, *own.parents):
            yield top / part, name


def _slurm() -> MemoryLimit | None:
    """What a job of Slurm was given on this node, in MB (2^20 bytes)."""
    try:
        if size := int(os.environ.get("SLURM_MEM_PER_NODE", "0")):
            return MemoryLimit(bytes=size << 20, whose="this job of Slurm")
        size = int(os.environ.get("SLURM_MEM_PER_CPU", "0")) * int(os.environ.get("SLURM_CPUS_ON_NODE", "1"))
    except ValueError:
        return None
    return MemoryLimit(bytes=size << 20, whose="this job of Slurm") if size > 0 else None


def _address_space() -> MemoryLimit | None:
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    size = resource.getrlimit(resource.RLIMIT_AS)[0]
    return None if size in (resource.RLIM_INFINITY, -1) else MemoryLimit(bytes=size, whose="this process (ulimit -v)")

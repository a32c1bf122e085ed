"""Walk the structure of an HDF5 file in a process of its own: python probe.py FILE.

A damaged file can make the HDF5 library crash, never return, or take all memory, and would take the user's session
along. The walk reads what a screen's reading begins with: links, attributes, shapes, first rows, first texts. How it
ends is all that counts (by a signal, or with the exit status TOO_LARGE), so it imports nothing of fatebias.
"""

import resource
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SECONDS = 2  # of computing, not of waiting for a disk
BYTES = 2 << 30  # of address space
LARGE = 1 << 30  # bytes in memory that the first rows of no screen need
TOO_LARGE = 3
TOP = ("obs", "obsm", "uns", "var", "mod")
DEEPEST = 6
MOST = 20_000  # members, and texts of a member: each may lie in a block whose size is false


@contextmanager
def passing() -> Iterator[None]:
    """An error is not what is looked for, and the next member is to be reached; but for a lack of memory."""
    try:
        yield
    except Exception as error:  # noqa: BLE001
        if isinstance(error, MemoryError) or "memory allocation failed" in str(error):
            sys.exit(TOO_LARGE)


def most_memory() -> int:
    """Bytes that this process has had in memory at most; 0 where the system does not say.

    getrusage() does not serve: a process begins with the figure of the one that started it.
    """
    try:
        with open("/proc/self/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM:"))
    except (OSError, StopIteration):
        return 0


def walk(path: str) -> None:
    import h5py

    left = MOST

    def visit(group: "h5py.Group", name: str, depth: int) -> None:
        nonlocal left
        left -= 1
        with passing():
            node = group[name]
            for key in node.attrs:
                with passing():
                    node.attrs[key]
            if isinstance(node, h5py.Group):
                for below in node if depth < DEEPEST else ():
                    if left > 0 and node.get(below, getclass=True, getlink=True) is h5py.HardLink:
                        visit(node, below, depth + 1)
            elif node.shape and node.shape[0] and not node.external and not node.is_virtual:
                if node.ndim == 1:
                    node[: MOST if node.dtype.kind == "O" else 1]
                else:
                    node[:1, :1]

    with h5py.File(path, "r") as file:
        for top in TOP:
            if file.get(top, getlink=True, getclass=True) is h5py.HardLink:  # no other file is opened
                visit(file, top, 0)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    walk(sys.argv[1])
    sys.exit(TOO_LARGE if most_memory() > LARGE else 0)

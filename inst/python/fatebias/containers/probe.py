"""Walk the structure of an HDF5 file in a process of its own: python probe.py FILE.

A damaged file can make the HDF5 library crash or never return, and would take the user's session along. The walk reads
what a screen's reading begins with: links, attributes, shapes, first rows. How it ends is all that counts, so it
imports nothing of fatebias.
"""

import resource
import sys
from contextlib import suppress

SECONDS = 2  # of computing, not of waiting for a disk
BYTES = 4 << 30
TOP = ("obs", "obsm", "uns", "var", "mod")
DEEPEST = 6
MOST = 20_000  # members


def walk(path: str) -> None:
    import h5py

    left = MOST

    def visit(group: "h5py.Group", name: str, depth: int) -> None:
        nonlocal left
        left -= 1
        with suppress(Exception):  # an error is not what is looked for, and the next member is to be reached
            node = group[name]
            for key in node.attrs:
                with suppress(Exception):
                    node.attrs[key]
            if isinstance(node, h5py.Group):
                for below in node if depth < DEEPEST else ():
                    if left > 0 and node.get(below, getclass=True, getlink=True) is h5py.HardLink:
                        visit(node, below, depth + 1)
            elif node.shape and node.shape[0] and not node.external and not node.is_virtual:
                node[:1] if node.ndim == 1 else node[:1, :1]

    with h5py.File(path, "r") as file:
        for top in TOP:
            if top in file:
                visit(file, top, 0)


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    walk(sys.argv[1])

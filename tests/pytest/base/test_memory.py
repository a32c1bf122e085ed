"""Limits of memory from where systems keep them, refusals against them, and what libraries say where it ran out."""

import resource

import numpy as np
import pytest
import torch

from fatebias.base import memory
from fatebias.base.errors import MemoryLimitError
from fatebias.base.memory import MemoryLimit, gigabytes, lacks_memory, memory_limit, refuse_memory, telling_memory

GB = 2**30
SMALL = MemoryLimit(bytes=4 * GB, whose="this machine")


@pytest.fixture
def alone(monkeypatch, tmp_path):
    """A process without limits of its own; writes files of control groups."""
    for name in ("SLURM_MEM_PER_NODE", "SLURM_MEM_PER_CPU", "SLURM_CPUS_ON_NODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(memory, "GROUPS", tmp_path / "fs")
    monkeypatch.setattr(memory, "OWN_GROUPS", tmp_path / "own")
    monkeypatch.setattr(memory, "_machine", lambda: MemoryLimit(bytes=64 * GB, whose="this machine"))
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY,) * 2)

    def write(own, **limits):
        (tmp_path / "own").write_text(own)
        for path, value in limits.items():
            file = tmp_path / "fs" / path.replace("__", "/").replace("_dot_", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{value}\n")

    return write


def test_the_least_limit_counts(alone, monkeypatch):
    assert memory_limit() == MemoryLimit(bytes=64 * GB, whose="this machine")
    alone("0::/a/b\n", a__b__memory_dot_max="max", a__memory_dot_max=8 * GB)
    assert memory_limit() == MemoryLimit(bytes=8 * GB, whose="the control group of this process")
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "2048")
    assert memory_limit() == MemoryLimit(bytes=2 * GB, whose="this job of Slurm")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (GB, GB))
    assert memory_limit() == MemoryLimit(bytes=GB, whose="this process (ulimit -v)")


def test_control_groups_of_version_1_and_without_a_limit(alone):
    lines = "5:cpu,cpuacct:/x\n4:memory:/job\n"
    alone(lines, memory__job__memory_dot_limit_in_bytes=3 * GB)
    assert memory_limit().bytes == 3 * GB
    alone(lines, memory__job__memory_dot_limit_in_bytes=9223372036854771712)
    assert memory_limit().bytes == 64 * GB


@pytest.mark.parametrize(("given", "gb"), [("1024", 4), ("", 64), ("many", 64)])
def test_memory_by_cpu_of_slurm(alone, monkeypatch, given, gb):
    monkeypatch.setenv("SLURM_MEM_PER_CPU", given)
    monkeypatch.setenv("SLURM_CPUS_ON_NODE", "4")
    assert memory_limit().bytes == gb * GB


def test_only_what_is_far_beyond_the_limit_is_refused():
    refuse_memory(5.9 * GB, "The fit", "Lower it.", SMALL)
    said = "The fit needs about 6.1 GB of memory; this machine has 4 GB. Lower it."
    with pytest.raises(MemoryLimitError, match=said):
        refuse_memory(6.1 * GB, "The fit", "Lower it.", SMALL)


@pytest.mark.parametrize(
    ("size", "words"), [(0.449, "0.45 GB"), (3.94, "3.9 GB"), (123, "120 GB"), (5e5, "500,000 GB")]
)
def test_sizes_in_words(size, words):
    assert gigabytes(size * GB) == words


def test_what_libraries_raise_is_told():
    for ask in (lambda: np.empty(10**15), lambda: torch.empty(10**15), lambda: bytearray(2**62)):
        said = r"The work needs more memory than there is \(.+\)\. Rest\."
        with pytest.raises(MemoryLimitError, match=said), telling_memory("The work", "Rest."):
            ask()
    assert lacks_memory(RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"))
    assert lacks_memory(RuntimeError("std::bad_alloc")) and lacks_memory(OSError(12, "Cannot allocate memory"))


def test_other_errors_stay_what_they_are():
    with pytest.raises(RuntimeError, match="a fault"), telling_memory("The work", "Rest."):
        raise RuntimeError("a fault of the program")
    assert not lacks_memory(ValueError("out of memory"))

"""Containers with bytes turned at random, read in a child of their own: what came of each."""

import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

SECONDS, BYTES = 10, 2 << 30  # more than this, of computing, is a hang, or too much memory
_LONGEST = 90  # seconds in all: other programs may keep the machine busy
_MOST = 8 << 30  # bytes of address space, so that the machine stays well


def flip(path: Path, rng: np.random.Generator, most: int = 4) -> str:
    """Turn a few bytes of a file, or of one file of a folder; what was done, for messages."""
    files = (
        sorted(found for found in path.rglob("*") if found.is_file() and found.stat().st_size)
        if path.is_dir()
        else [path]
    )
    file = files[rng.integers(len(files))]
    content = bytearray(file.read_bytes())
    at = rng.integers(0, len(content), rng.integers(1, most + 1))
    for position in at:
        content[position] ^= int(rng.integers(1, 256))
    file.write_bytes(bytes(content))
    return f"{file.name} at {sorted(at.tolist())}"


def outcome(read: Callable[[], str]) -> str:
    """What a call returns in a child process: its text, or "crash ..", "hang", "memory ..", "traceback ..".

    read returns a word, and what it raises is a traceback. Memory is the peak of what the child, or a child of its own,
    had in memory.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _run(read, reader, writer)
    os.close(writer)
    status, used = _wait(child)
    with os.fdopen(reader) as file:
        text = file.read()
    if status is None or used.ru_utime + used.ru_stime > SECONDS:
        return "hang"
    if os.WIFSIGNALED(status):
        return f"crash {signal.Signals(os.WTERMSIG(status)).name}"
    if used.ru_maxrss * 1024 > BYTES:
        return f"memory {used.ru_maxrss >> 10} MB"
    return text or f"exit {os.WEXITSTATUS(status)}"


def _run(read: Callable[[], str], reader: int, writer: int) -> None:
    os.close(reader)
    code = 1
    try:
        resource.setrlimit(resource.RLIMIT_AS, (_MOST, _MOST))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        with open(os.devnull, "w") as silent:
            os.dup2(silent.fileno(), sys.stderr.fileno())
        try:
            text = read()
        except BaseException as error:  # noqa: BLE001  (whatever it is, it is told)
            text = f"traceback {type(error).__name__}: {error}"
        os.write(writer, text.encode()[:4000])
        code = 0
    finally:
        os._exit(code)


def _wait(child: int) -> tuple[int | None, resource.struct_rusage]:
    """The status of a child, None where it had to be ended, and what it and its own children used."""
    until = time.monotonic() + _LONGEST
    while time.monotonic() < until:
        done, status, used = os.wait4(child, os.WNOHANG)
        if done:
            return status, used
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    return None, os.wait4(child, 0)[2]

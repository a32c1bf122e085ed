"""Containers with bytes turned at random, read in a child of their own: what came of each."""

import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

SECONDS, BYTES = 10, 2 << 30  # more than this is a hang, or too much memory


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
    """What a call returns in a child process with limits: its text, or "crash ..", "hang", "memory", "traceback ..".

    read returns a word, and what it raises is a traceback.
    """
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        _run(read, reader, writer)
    os.close(writer)
    status = _wait(child)
    with os.fdopen(reader) as file:
        text = file.read()
    if status is None:
        return "hang"
    if os.WIFSIGNALED(status):
        return f"crash {signal.Signals(os.WTERMSIG(status)).name}"
    return text or f"exit {os.WEXITSTATUS(status)}"


def _run(read: Callable[[], str], reader: int, writer: int) -> None:
    os.close(reader)
    code = 1
    try:
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + BYTES, size + BYTES))
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


def _wait(child: int) -> int | None:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return status
        time.sleep(0.002)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None

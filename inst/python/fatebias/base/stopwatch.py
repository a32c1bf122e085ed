"""Seconds by stage of a run."""

import time
from collections.abc import Iterator
from contextlib import contextmanager


class Stopwatch:
    """Times named stages; a stage entered again adds to its seconds."""

    def __init__(self) -> None:
        self._start = time.perf_counter()
        self._stages: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what runs inside the `with` block."""
        start = time.perf_counter()
        yield
        self._stages[name] = self._stages.get(name, 0.0) + time.perf_counter() - start

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of each stage, and in all since the start."""
        times = self._stages | {"total": time.perf_counter() - self._start}
        return {name: round(value, 3) for name, value in times.items()}

"""Seconds by stage of a run."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class Stopwatch:
    """Times named stages; a stage entered again adds to its seconds. tell: is given a line at the end of each."""

    def __init__(self, tell: Callable[[str], None] | None = None) -> None:
        self._start = time.perf_counter()
        self._stages: dict[str, float] = {}
        self._tell = tell

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what runs inside the `with` block."""
        start = time.perf_counter()
        yield
        seconds = time.perf_counter() - start
        self._stages[name] = self._stages.get(name, 0.0) + seconds
        if self._tell is not None:
            self._tell(f"fit, {name}: {seconds:.1f} s")

    @property
    def seconds(self) -> dict[str, float]:
        """Seconds of each stage, and in all since the start."""
        times = self._stages | {"total": time.perf_counter() - self._start}
        return {name: round(value, 3) for name, value in times.items()}

"""Where a piece of work runs, what it shows, and where it may go on from: one argument instead of three."""

from dataclasses import dataclass, replace

from .checkpoint import NOWHERE, Checkpoint
from .progress import SILENT, Progress


@dataclass(frozen=True, kw_only=True)
class Run:
    """Handed down from a fit to all its parts.

    device: "cpu" or "cuda". progress: makes the bars. checkpoint: the place of this part, where its state is kept.
    """

    device: str = "cpu"
    progress: Progress = SILENT
    checkpoint: Checkpoint = NOWHERE

    def at(self, name: str) -> "Run":
        """The same run at the place `name` within this one."""
        return replace(self, checkpoint=self.checkpoint.at(name))


QUIET = Run()  # on the CPU, without bars, without a checkpoint

"""What engine svi is told of a fit."""

from dataclasses import dataclass

from ..base import Settings
from .schedule import RATE_LEVELS


@dataclass(frozen=True, kw_only=True)
class SVIOptions:
    """How SVI runs. family: of approximate posteriors, "structured", "normal" or "lowrank".

    steps: at most. batch_size: cells of a minibatch. learning_rate: the first; the last is that times rate_decay.
    tolerance: of the loss, at which a level of the learning rate ends (see `Schedule`).
    """

    family: str
    steps: int
    batch_size: int
    learning_rate: float
    rate_decay: float
    tolerance: float
    seed: int

    @classmethod
    def of(cls, settings: Settings) -> "SVIOptions":
        return cls(
            family=settings.approx_posterior, steps=settings.num_steps, batch_size=settings.batch_size,
            learning_rate=settings.learning_rate, rate_decay=settings.lr_decay, tolerance=settings.loss_tolerance,
            seed=settings.seed,
        )  # fmt: skip

    def rate(self, level: int) -> float:
        """Learning rate of a level, 0 to RATE_LEVELS - 1."""
        return float(self.learning_rate * self.rate_decay ** (level / (RATE_LEVELS - 1)))

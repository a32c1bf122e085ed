"""Engine svi: stochastic variational inference, started from engine laplace.

`fit_svi` fits a family of approximate posteriors (structured, normal, lowrank), `draw_raw` draws from it.
"""

from .options import SVIOptions
from .structured import structured_start
from .svi import SVIFit, draw_raw, fit_svi
from .target import Target

__all__ = [
    "SVIFit",
    "SVIOptions",
    "Target",
    "draw_raw",
    "fit_svi",
    "structured_start",
]

"""Engine svi: stochastic variational inference, started from engine laplace.

It adds to a mode and a curvature what these hold fixed, the uncertainty of the scales, and polishes the rest: it
makes the posterior unless settings say otherwise. `fit_svi` fits a family of approximate posteriors to a `Target`
(structured: blocks of genes given the scales; normal and lowrank, Pyro's own, for comparison) with minibatches, on a
CPU or a GPU. `draw_raw` draws from what was fitted.
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

"""Engine laplace: the mode of the posterior, its curvature, covariances by gene, and fixed-effect estimates.

`fit_laplace` gives the posterior by mode and curvature, `estimate_effects` what mash is meant to be given.
"""

from .covariance import gene_covariances, perturbation, sandwich_covariances, scale_by_root_
from .curvature import Curvature, curvature_at, softmax_curvature
from .estimates import Estimates, carried_by_day, estimate_effects, sd_of, theta_covariance
from .fit import LaplaceFit, State, draw_blocks, fit_laplace, run_rounds, start_from
from .mode import MOST_NEWTON_STEPS, fate_probabilities, newton_step

__all__ = [
    "Curvature",
    "Estimates",
    "LaplaceFit",
    "MOST_NEWTON_STEPS",
    "State",
    "carried_by_day",
    "curvature_at",
    "draw_blocks",
    "estimate_effects",
    "fate_probabilities",
    "fit_laplace",
    "gene_covariances",
    "newton_step",
    "perturbation",
    "run_rounds",
    "sandwich_covariances",
    "scale_by_root_",
    "sd_of",
    "softmax_curvature",
    "start_from",
    "theta_covariance",
]

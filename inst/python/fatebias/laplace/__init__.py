"""Engine laplace: the mode of the posterior, its curvature, covariances by gene, and fixed-effect estimates.

It is fast and linear in cells and genes, and every fit runs it, whichever engine makes the posterior: it finds the
weight of the likelihood and the scales (`fit_laplace`), says where engine svi starts, and gives the estimates that
mash is meant to be given (`estimate_theta`). Refits of the certificate use its parts: `run_rounds` settles scales and
weight, `solve_estimates` is the one way to fixed effects and their covariances.
"""

from .baseline import Baseline
from .covariance import perturbation
from .curvature import Curvature
from .estimates import (
    Estimates,
    FixedEffects,
    SolvedEstimates,
    carried_by_day,
    contrast_theta,
    estimate_theta,
    find_fixed_effects,
    known_covariance,
    known_theta,
    sd_of,
    solve_estimates,
    theta_covariance,
)
from .fit import LaplaceFit, draw_blocks, fit_laplace
from .mode import find_mode
from .options import LaplaceOptions, Perturbations
from .rounds import State, run_rounds, start_from

__all__ = [
    "Baseline",
    "Curvature",
    "Estimates",
    "FixedEffects",
    "LaplaceFit",
    "LaplaceOptions",
    "Perturbations",
    "SolvedEstimates",
    "State",
    "carried_by_day",
    "contrast_theta",
    "draw_blocks",
    "estimate_theta",
    "find_fixed_effects",
    "find_mode",
    "fit_laplace",
    "known_covariance",
    "known_theta",
    "perturbation",
    "run_rounds",
    "sd_of",
    "solve_estimates",
    "start_from",
    "theta_covariance",
]

"""Engine laplace: the mode of the posterior, its curvature, covariances by gene, and fixed-effect estimates.

It is fast and linear in cells and genes, and every fit runs it, whichever engine makes the posterior: it finds the
weight of the likelihood and the scales (`fit_laplace`), says where engine svi starts, and gives the estimates that
mash is meant to be given (`estimate_theta`). Refits of the certificate use its parts: `run_rounds` settles scales and
weight, `solve_estimates` is the one way to fixed effects and their covariances.
"""

from .all_fates import AllFates, draw_sandwich, noise_of
from .baseline import Baseline
from .contrasts import (
    carried_by_day,
    contrast_covariance,
    contrast_theta,
    known_covariance,
    known_theta,
    sd_of,
    theta_covariance,
)
from .covariance import gene_covariances, perturbation
from .curvature import Curvature
from .estimates import FixedEffects, SolvedEstimates, find_fixed_effects, solve_estimates
from .fate_baseline import FateBaseline, sample_baseline
from .fit import LaplaceFit, draw_blocks, fit_laplace
from .gene_estimates import Estimates, estimate_theta, estimates_of
from .gene_p_values import GenePValues
from .label_sets import combine_sets
from .mode import find_mode
from .options import LaplaceOptions, Perturbations
from .probability import LEVEL, ProbabilityChange, probability_change
from .replicates import ByReplicate, replicate_agreement, scatter_of_replicates
from .rounds import State, run_rounds, run_rounds_like, start_from
from .scatter import Scatter
from .shared_shift import estimated_theta
from .widening import fate_covariance, fate_widening

__all__ = [
    "LEVEL",
    "AllFates",
    "Baseline",
    "ByReplicate",
    "Curvature",
    "Estimates",
    "FateBaseline",
    "FixedEffects",
    "GenePValues",
    "LaplaceFit",
    "LaplaceOptions",
    "Perturbations",
    "ProbabilityChange",
    "Scatter",
    "SolvedEstimates",
    "State",
    "carried_by_day",
    "combine_sets",
    "contrast_covariance",
    "contrast_theta",
    "draw_blocks",
    "draw_sandwich",
    "estimate_theta",
    "estimated_theta",
    "estimates_of",
    "fate_covariance",
    "fate_widening",
    "find_fixed_effects",
    "find_mode",
    "fit_laplace",
    "gene_covariances",
    "known_covariance",
    "known_theta",
    "noise_of",
    "perturbation",
    "probability_change",
    "replicate_agreement",
    "run_rounds",
    "run_rounds_like",
    "sample_baseline",
    "scatter_of_replicates",
    "sd_of",
    "solve_estimates",
    "start_from",
    "theta_covariance",
]

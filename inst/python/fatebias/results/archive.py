"""The archive of all fates: what a fit knows of every fate at once, in one file, from which any contrast follows.

Values are logits of the fates against the reference, fate last; `axes` in the file names the axes of every array.
"""

import numpy as np

from ..screens import Screen
from .engines import Inference
from .texts import texts

ALL_FATES = "effects_all_fates.npz"
AXES = (
    "theta: gene, day, fate",
    "noise, model_noise, sandwich_noise, theta_cov: gene, day, fate, day, fate",
    "theta_mean: gene, day, fate",
    "beta_mean, guide_y: guide, day, fate",
    "beta_cov, guide_inverse, guide_scatter: guide, day, fate, fate",
    "guide_prior_sd: fate",
    "replicate_theta: replicate, gene, day, fate",
    "replicate_covariance, replicate_with_mean: replicate, gene, day, fate, day, fate",
    "replicate_weight: replicate, gene, day",
    "replicate_ratio: replicate, day",
)


def all_fates_arrays(found: Inference, screen: Screen) -> dict[str, np.ndarray]:
    """All arrays of the file by name: fixed effects (`laplace.AllFates`), the posterior, and the names of the axes."""
    posterior, estimates = found.posterior, found.estimates.all_fates
    names = {
        "genes": screen.gene_names, "guides": screen.guide_names, "days": screen.day_labels,
        "fates": screen.fates[1:], "ref_fate": screen.fates[:1], "estimand": [estimates.estimand], "axes": AXES,
        "replicates": screen.replicate_labels[: len(estimates.replicates.theta)],
    }  # fmt: skip
    return {
        **{name: texts(values) for name, values in names.items()},
        **estimates.arrays(),
        "theta_mean": np.moveaxis(posterior.theta_mean_all, 1, 2), "theta_cov": posterior.theta_cov_all,
        "beta_mean": posterior.beta_mean_all, "beta_cov": posterior.beta_cov_all,
    }  # fmt: skip

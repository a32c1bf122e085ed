"""The covariance of all fates' estimates that the estimand asks for, fate by fate.

How much guides and replicates differ is estimated contrast by contrast (`gene_estimates`). For all fates at once the
noise of the centred log odds, each fate against the mean of all, keeps its correlations, and each fate's SE is made that
of its own contrast. K fates, the reference first; F = K - 1 logits; L genes, D days.
"""

import numpy as np

from .all_fates import AllFates
from .contrasts import sd_of
from .gene_estimates import estimates_of


def fate_covariance(all_fates: AllFates) -> np.ndarray:
    """Covariance of the centred log odds of all fates on each day, all that the estimand asks for: [L, D, K, K]."""
    k = all_fates.theta.shape[2] + 1
    centre = (np.eye(k) - 1 / k)[:, 1:]  # from logits to centred log odds
    noise = np.einsum("ldfdg->ldfg", all_fates.noise)
    wider = np.stack([_widening(all_fates, contrast) for contrast in centre], axis=2)
    return np.asarray(wider[..., None] * (centre @ noise @ centre.T) * wider[..., None, :])


def _widening(all_fates: AllFates, contrast: np.ndarray) -> np.ndarray:
    """SE of a contrast [F] over the part of it that is noise: [L, D]."""
    found = estimates_of(all_fates, contrast)
    return np.asarray(found.se / sd_of(found.noise))

"""The covariance of all fates' estimates that the estimand asks for, fate by fate.

How much guides and replicates differ is estimated contrast by contrast (`gene_estimates`). For all fates at once, noise
of labels keeps its correlations, and is widened until each fate has the SE of its own contrast with the mean of others.
K fates, the reference first; F = K - 1 logits; L genes, D days.
"""

import numpy as np

from .all_fates import AllFates
from .contrasts import sd_of
from .gene_estimates import estimates_of


def fate_widening(all_fates: AllFates) -> np.ndarray:
    """SE of each fate against the mean of the others over the part of it that is noise of labels: [L, D, K]."""
    centre = _centring(all_fates)
    against_others = centre / (1 - 1 / len(centre))
    return np.stack([_widening(all_fates, contrast) for contrast in against_others], axis=2)


def fate_covariance(all_fates: AllFates, widening: np.ndarray) -> np.ndarray:
    """Covariance of the centred log odds of all fates on each day, all that the estimand asks for: [L, D, K, K]."""
    noise, centre = np.einsum("ldfdg->ldfg", all_fates.noise), _centring(all_fates)
    return np.asarray(widening[..., None] * (centre @ noise @ centre.T) * widening[..., None, :])


def _centring(all_fates: AllFates) -> np.ndarray:
    """From logits to centred log odds: [K, F]."""
    k = all_fates.theta.shape[2] + 1
    return np.asarray((np.eye(k) - 1 / k)[:, 1:])


def _widening(all_fates: AllFates, contrast: np.ndarray) -> np.ndarray:
    found = estimates_of(all_fates, contrast)
    return np.asarray(found.se / sd_of(found.noise))

"""By what the standard error of each fate grows from the noise of labels to all that the estimand asks for.

How much guides and replicates differ is estimated contrast by contrast (`gene_estimates`). A covariance of all fates
at once keeps the correlations of the noise, and gets each fate's standard error against the mean of the others.
"""

import numpy as np

from .all_fates import AllFates
from .contrasts import sd_of
from .gene_estimates import estimates_of


def fate_widening(all_fates: AllFates) -> np.ndarray:
    """Ratio of these standard errors by fate, the reference first: [L, D, fates]; 1 or more, NaN where theta is."""
    n_fates = all_fates.theta.shape[2] + 1
    against_rest = (np.eye(n_fates) * n_fates - 1)[:, 1:] / (n_fates - 1)
    found = [estimates_of(all_fates, contrast) for contrast in against_rest]
    return np.stack([one.se / sd_of(one.noise) for one in found], axis=2)

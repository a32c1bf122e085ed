"""Labels of simulated cells: Dirichlet, one-hot, logit-normal, or one-hot smoothed over like cells."""

import numpy as np

from .arguments import Arguments

LOGIT_SD, NEIGHBOURS, NEIGHBOUR_SD, SMOOTH_SHARE = 0.8, 31, 0.05, 0.9


def draw_labels(
    rng: np.random.Generator, arguments: Arguments, eta: np.ndarray, day: np.ndarray, replicate: np.ndarray
) -> np.ndarray:
    """Fate probabilities as CellRank would report them: [N, F + 1], rows sum to 1.

    eta [N, F]: linear predictors of F logits, the fates beside the reference.
    """
    from ..model import SOFT_LABELS  # here, since it imports torch: arguments are refused, and help is given, before

    if arguments.labels == "logitnormal":
        return SOFT_LABELS.all_fates(eta + rng.normal(0, LOGIT_SD, eta.shape))
    pi = SOFT_LABELS.all_fates(eta)
    if arguments.labels == "dirichlet":
        concentration = np.array(arguments.concentrations)[day]
        gamma = rng.standard_gamma(np.maximum(concentration[:, None] * pi, 1e-6)) + 1e-300
        return np.asarray(gamma / gamma.sum(1, keepdims=True))
    onehot = np.eye(pi.shape[1])[(pi.cumsum(1) < rng.random((len(pi), 1))).sum(1).clip(max=pi.shape[1] - 1)]
    return onehot if arguments.labels == "onehot" else _smoothed(rng, pi, onehot, day, replicate)


def _smoothed(
    rng: np.random.Generator, pi: np.ndarray, onehot: np.ndarray, day: np.ndarray, replicate: np.ndarray
) -> np.ndarray:
    """One-hot draws averaged over the nearest cells in perturbed pi, by day and replicate, then shrunk to uniform."""
    from scipy.spatial import cKDTree  # here, since few need it

    near = pi + rng.normal(0, NEIGHBOUR_SD, pi.shape)
    out = np.empty_like(pi)
    group = day * (replicate.max() + 1) + replicate
    for one in np.unique(group):
        rows = np.flatnonzero(group == one)
        _, index = cKDTree(near[rows]).query(near[rows], k=range(1, min(NEIGHBOURS, len(rows)) + 1))
        out[rows] = onehot[rows][index].mean(1)
    return np.asarray(SMOOTH_SHARE * out + (1 - SMOOTH_SHARE) / pi.shape[1])

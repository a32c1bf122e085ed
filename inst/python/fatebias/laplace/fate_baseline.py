"""What effects are added to when they are told as probabilities: a sample of each day's cells, as the model sees them.

A cell counts as it is, with its guides, its replicate and its number of guides. Noise in the estimates makes the linear
predictors of cells differ by too much, the shrinkage of guides' deviations by too little, and how far an effect moves a
probability depends on where it is: so the predictors of a day are drawn together, or apart, until they have the
covariance that is left without both, and moved until the cells have the mean probabilities that the fit gives all cells
of the day. K fates, the reference first; F = K - 1 logits; D days.
"""

from dataclasses import dataclass

import numpy as np

from ..model import SOFT_LABELS, centred
from ..screens import Screen
from .estimates import SolvedEstimates

MOST_CELLS = 2000  # of a day
NEIGHBOURHOODS = 256  # of a day's cells, each with as many cells of the sample
TURNS, CLOSE = 500, 1e-9  # for the mean probabilities, at most; log of what they may be off by
LEAST_SHARE = 0.1  # of the predictors' variance along any direction, at least


@dataclass(frozen=True, kw_only=True)
class FateBaseline:
    """eta: float32 [n, F], linear predictors of the cells of the sample; day: int32 [n], increasing. mean: [D, K], mean
    probabilities over all cells of the day, and over its sample.
    """

    eta: np.ndarray
    day: np.ndarray
    mean: np.ndarray

    def of_day(self, day: int) -> np.ndarray:
        """Probabilities of the sample of a day: [cells, K]."""
        return SOFT_LABELS.all_fates(self.eta[self.day == day].astype(float))


def sample_baseline(solved: SolvedEstimates, screen: Screen, most: int = MOST_CELLS) -> FateBaseline:
    """`most` cells a day, or all where there are fewer. The same estimates give the same sample."""
    eta = solved.design.by_cell(solved.design.predictor(solved.effects.x)).double().cpu().numpy()
    excess = _excess(solved, screen)
    chosen, found, means = [], [], []
    for day in range(screen.n_days):
        cells = np.flatnonzero(screen.day == day)
        taken = cells[_spread_evenly(eta[cells], most)]
        means.append(SOFT_LABELS.all_fates(eta[cells]).mean(0))
        drawn = (eta[taken] - eta[cells].mean(0)) @ _towards(np.cov(eta[cells].T, bias=True), excess[day]).T
        found.append(_with_mean(drawn, means[-1]))
        chosen.append(taken)
    return FateBaseline(
        eta=np.concatenate(found).astype(np.float32),
        day=screen.day[np.concatenate(chosen)].astype(np.int32),
        mean=np.stack(means),
    )


def _excess(solved: SolvedEstimates, screen: Screen) -> np.ndarray:
    """What the covariance of the predictors has too much of by day, [D, F, F]: each guide's part in the day's cells
    times noise of its gene's theta, which adds, less that of its deviation, which is missing since it is shrunk.
    """
    design, d, f = solved.design, screen.n_days, screen.n_logits
    day = np.repeat(screen.day, np.diff(screen.guide_ptr))
    carried = np.bincount(screen.guide_idx * d + day, minlength=screen.n_guides * d).reshape(-1, d)
    share = carried / np.bincount(screen.day, minlength=d)
    out = np.zeros((d, f, f))
    for group, covariance in zip(design.groups, solved.model):
        blocks = covariance.reshape(-1, d + group.n, f, d + group.n, f)
        theta = blocks[:, :d, :, :d].diagonal(dim1=1, dim2=3)  # [l, F, F, D]
        delta = centred(centred(blocks[:, d:, :, d:], 1), 3).diagonal(dim1=1, dim2=3)  # [l, F, F, n]
        of_guides = share[design.guides_of(group)]  # [l, n, D]
        out += np.einsum("lfgd,lnd->dfg", theta.cpu().numpy(), of_guides)
        out -= np.einsum("lfgn,lnd->dfg", delta.cpu().numpy(), of_guides)
    return out


def _towards(covariance: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """The symmetric map that gives vectors with this covariance that without the excess: [F, F].

    The map of optimal transport between normal distributions (Olkin & Pukelsheim 1982, Linear Algebra Appl. 48:257).
    """
    values, vectors = np.linalg.eigh(np.atleast_2d(covariance))
    root, inverse = ((vectors * values.clip(1e-12) ** power) @ vectors.T for power in (0.5, -0.5))
    shares, axes = np.linalg.eigh(np.eye(len(root)) - inverse @ excess @ inverse)
    wanted = root @ (axes * shares.clip(LEAST_SHARE)) @ axes.T @ root
    values, vectors = np.linalg.eigh(root @ wanted @ root)
    return np.asarray(inverse @ (vectors * values.clip(0) ** 0.5) @ vectors.T @ inverse)


def _spread_evenly(points: np.ndarray, most: int) -> np.ndarray:
    """Rows of points [N, F], `most` at most, each with the same chance and as many from each neighbourhood."""
    if len(points) <= most:
        return np.arange(len(points))
    order = _neighbours(points, np.arange(len(points)), len(points) // NEIGHBOURHOODS)
    return np.asarray(order[((np.arange(most) + 0.5) * len(points) / most).astype(int)])


def _neighbours(points: np.ndarray, rows: np.ndarray, least: int) -> np.ndarray:
    """Rows with like ones near: halved along the axis on which they differ most, again and again."""
    half = len(rows) // 2
    if half <= least:
        return np.sort(rows)  # by their place in the screen, which says nothing of where they lie
    values = points[rows]
    order = np.argpartition(values[:, values.var(0).argmax()], half)
    return np.concatenate([_neighbours(points, rows[part], least) for part in (order[:half], order[half:])])


def _with_mean(eta: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """eta [n, F] moved by one number a logit, so that the cells' mean probabilities are `mean` [K].

    By the contraction of Berry, Levinsohn & Pakes 1995, Econometrica 63:841.
    """
    for _ in range(TURNS):
        miss = np.log(mean / SOFT_LABELS.all_fates(eta).mean(0))
        if np.abs(miss).max() < CLOSE:
            break
        eta = eta + (miss[1:] - miss[0])
    return eta

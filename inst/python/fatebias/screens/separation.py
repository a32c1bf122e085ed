"""One-hot labels that days, replicates and guides tell without a miss: they have no scatter around their means.

Then no weight of the likelihood can be found, nor any finite effect (Albert & Anderson 1984, Biometrika 71:1). Labels
that are not one-hot always scatter. A softmax regression of moderate ridge is fitted to see it.
"""

import numpy as np
import scipy.sparse as sp
from scipy.special import log_softmax

from ..base import ScreenError, first_few
from .counts import CELLS_AT_ONCE
from .screen import Screen

_ONE_HOT = 1e-6  # largest probability of all cells: nearer to 1
_RIDGE_SD = 3.0  # of coefficients, in logits
_STEPS = 100
_LEAST_LOSS = 0.05  # mean of -log p(own fate) below which nothing is left to explain
_SHARE = 0.5  # of the largest coefficient: columns with more are named


def refuse_separated(screen: Screen, where: str) -> None:
    """Raise ScreenError where one-hot labels follow from days, replicates and guides alone.

    screen: the whole, of CELLS_AT_ONCE cells at most, since more are never told without a miss; of others nothing is
    looked at. where: the screen, as messages call it.
    """
    if screen.n_cells >= CELLS_AT_ONCE or screen.fate_probs.max(1).min() < 1 - _ONE_HOT:
        return
    columns, names = _columns(screen)
    coefficients, log_p = _fit(columns, screen.fate_probs)
    own = (log_p * screen.fate_probs).sum(1)
    if -own.mean() >= _LEAST_LOSS or own.min() < np.log(0.5):
        return
    size = np.ptp(coefficients, axis=1)
    told = [names[place] for place in np.argsort(-size, kind="stable") if size[place] > _SHARE * size.max()]
    raise ScreenError(
        f"{where}: the fates are one-hot, and {first_few(list(dict.fromkeys(told)))} tell the fate of every cell: the "
        "labels are separated, so that neither their dispersion nor the size of an effect can be told. Give fate "
        "probabilities, or labels that do not follow from these."
    )


def _columns(screen: Screen) -> tuple[sp.csr_matrix, list[str]]:
    """Days, replicates and burden, then genes by day: [N, columns], and what each is in words."""
    n, d = screen.n_cells, screen.n_days
    cell = np.repeat(np.arange(n), np.diff(screen.guide_ptr))
    place = screen.guide_gene[screen.guide_idx] * d + screen.day[cell]
    genes = sp.csr_matrix((np.ones(len(cell)), (cell, place)), shape=(n, screen.n_genes * d))
    days, replicates = np.eye(d)[screen.day], np.eye(screen.n_replicates)[screen.replicate]
    columns = sp.hstack([sp.csr_matrix(np.c_[days, replicates, screen.burden_centered]), genes], format="csr")
    names = [f"day {name}" for name in screen.day_labels] + [f"replicate {name}" for name in screen.replicate_labels]
    return columns, [
        *names,
        "the number of guides",
        *(f"guides of {name}" for name in screen.gene_names for _ in range(d)),
    ]


def _fit(columns: sp.csr_matrix, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients [columns, F + 1] and log probabilities [N, F + 1]."""
    from scipy.optimize import minimize  # here, since few need it

    shape = (columns.shape[1], labels.shape[1])

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        b = flat.reshape(shape)
        log_p = log_softmax(columns @ b, axis=1)
        slope = columns.T @ (np.exp(log_p) - labels) + b / _RIDGE_SD**2
        return float(-(labels * log_p).sum() + (b**2).sum() / (2 * _RIDGE_SD**2)), slope.ravel()

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    b = found.x.reshape(shape)
    return b, log_softmax(columns @ b, axis=1)

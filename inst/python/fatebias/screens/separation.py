"""One-hot labels that days, replicates and guides tell without a miss: they have no scatter around their means.

Then no weight of the likelihood can be found from them, and the prior alone bounds the effects (Albert & Anderson 1984,
Biometrika 71:1). Labels that are not one-hot always scatter. A softmax regression of moderate ridge is fitted to see
it. Many columns tell any labels (Cover 1965, IEEE Trans. Electron. Comput. 14:326: from half as many as cells on), so
that it has few, and must tell the labels far better than the same labels in another order.
"""

import numpy as np
import scipy.sparse as sp

from ..base import ScreenError, first_few
from .counts import CELLS_AT_ONCE
from .doubt import Doubt
from .screen import Screen

_ONE_HOT = 1e-6  # largest probability of all cells: nearer to 1
_MOST_COLUMNS = 0.2  # of the number of cells
_RIDGE_SD = 3.0  # of coefficients, in logits
_STEPS = 100
_FAR_BETTER = 0.1  # mean of -log p(own fate), of that of labels in another order
_SHARE = 0.5  # of the largest coefficient: columns with more are named


def refuse_separated(screen: Screen, where: str) -> None:
    """Raise ScreenError where one-hot labels follow from days, replicates and guides alone. screen, where: as in
    `_told_by` and in messages.
    """
    if told := _told_by(screen):
        raise ScreenError(
            f"{where}: the fates are one-hot, and {first_few(told)} tell the fate of every cell: the labels are "
            "separated, so that their dispersion cannot be told. Give fate probabilities, labels that do not follow "
            "from these, or a number as `likelihood_weight` (1 for one-hot labels)."
        )


def doubt_separated(screen: Screen) -> Doubt | None:
    """The same where the weight is a number: then the prior bounds the effects."""
    told = _told_by(screen)
    if not told:
        return None
    found = f"the fates are one-hot, and {first_few(told)} tell the fate of every cell: the labels are separated"
    return Doubt(item="Separation", found=found, fix="the size of these effects is bounded by the prior alone")


def _told_by(screen: Screen) -> list[str]:
    """What tells the fate of every cell, in words; nothing where nothing does.

    screen: the whole, of CELLS_AT_ONCE cells at most, since more are never told without a miss; of others nothing is
    looked at.
    """
    if screen.n_cells > CELLS_AT_ONCE or screen.fate_probs.max(1).min() < 1 - _ONE_HOT:
        return []
    columns, names = _columns(screen)
    if columns.shape[1] > _MOST_COLUMNS * screen.n_cells:
        return []
    coefficients, own = _fit(columns, screen.fate_probs)
    if own.min() < np.log(0.5):
        return []
    _, by_chance = _fit(columns, np.random.default_rng(0).permutation(screen.fate_probs))
    if own.mean() < _FAR_BETTER * by_chance.mean():  # both are below 0
        return []
    size = np.ptp(coefficients, axis=1)
    told = [names[place] for place in np.argsort(-size, kind="stable") if size[place] > _SHARE * size.max()]
    return list(dict.fromkeys(told))


def _columns(screen: Screen) -> tuple[sp.csr_matrix, list[str]]:
    """Days, replicates and burden, then genes by day, those in most cells: [N, columns], and what each is in words."""
    n, d = screen.n_cells, screen.n_days
    cell = np.repeat(np.arange(n), np.diff(screen.guide_ptr))
    place = screen.guide_gene[screen.guide_idx] * d + screen.day[cell]
    genes = sp.csc_matrix((np.ones(len(cell)), (cell, place)), shape=(n, screen.n_genes * d))
    days, replicates = np.eye(d)[screen.day], np.eye(screen.n_replicates)[screen.replicate]
    names = [f"day {name}" for name in screen.day_labels] + [f"replicate {name}" for name in screen.replicate_labels]
    names.append("the number of guides")
    left = max(0, int(_MOST_COLUMNS * n) - len(names))
    chosen = np.sort(np.argsort(-np.diff(genes.indptr), kind="stable")[:left])
    first = sp.csc_matrix(np.c_[days, replicates, screen.burden_centered])
    columns = sp.hstack([first, genes[:, chosen]], format="csr")
    return columns, [*names, *(f"guides of {screen.gene_names[place // d]}" for place in chosen)]


def _fit(columns: sp.csr_matrix, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Coefficients [columns, F + 1], and the log probability of each cell's own fate [N]."""
    from scipy.optimize import minimize  # here, since few need them
    from scipy.special import log_softmax

    shape = (columns.shape[1], labels.shape[1])

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        b = flat.reshape(shape)
        log_p = log_softmax(columns @ b, axis=1)
        slope = columns.T @ (np.exp(log_p) - labels) + b / _RIDGE_SD**2
        return float(-(labels * log_p).sum() + (b**2).sum() / (2 * _RIDGE_SD**2)), slope.ravel()

    found = minimize(loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS})
    b = found.x.reshape(shape)
    return b, (log_softmax(columns @ b, axis=1) * labels).sum(1)

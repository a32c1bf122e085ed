"""Rubin's rules on several label sets: covariance between sets against its truth, and what a fit makes of it."""

from dataclasses import replace

import numpy as np
import pytest
from conftest import screen_of, simulated

from fatebias.base.settings import Settings
from fatebias.laplace import estimate_theta, fit_laplace
from fatebias.laplace.label_sets import between_sets, combine_sets
from fatebias.laplace.options import LaplaceOptions

GENES, DAYS, LOGITS = 200, 3, 2
SIZE = DAYS * LOGITS


def drawn(seed, n_sets, between, by_cell):
    """Estimates of sets [m, L, D, F] around 0, by covariances [L, D F, D F] between sets and by cell."""
    rng = np.random.default_rng(seed)
    each = [rng.multivariate_normal(np.zeros(SIZE), one, size=n_sets) for one in between + by_cell]
    return np.stack(each, 1).reshape(n_sets, GENES, DAYS, LOGITS)


def as_blocks(covariance):
    return covariance.reshape(-1, DAYS, LOGITS, DAYS, LOGITS)


@pytest.fixture(scope="module")
def truth():
    """Covariances between sets, whose size differs by gene, and by cell."""
    rng = np.random.default_rng(3)
    root = rng.normal(size=(SIZE, SIZE))
    shared = 0.02 * (root @ root.T / SIZE + 0.3 * np.eye(SIZE))
    own = 6 / rng.chisquare(6, GENES)
    by_cell = 0.02 * np.exp(rng.normal(size=GENES) / 2)[:, None, None] * (np.eye(SIZE) + 0.3)
    return own[:, None, None] * shared, by_cell


@pytest.mark.parametrize("n_sets", [3, 5, 10])
def test_between_is_found_beside_differences_from_cell_to_cell(truth, n_sets):
    between, by_cell = truth
    theta = drawn(1, n_sets, between, by_cell)
    found = between_sets(theta, as_blocks(by_cell))
    variance, wanted = (
        np.einsum("ldfdf->ldf", as_blocks(one.reshape(GENES, -1))) for one in (found.covariance, between)
    )
    assert np.nanmean(variance) / wanted.mean() == pytest.approx(1, abs=0.15)
    raw = theta.var(0, ddof=1) - np.einsum("ldfdf->ldf", as_blocks(by_cell))
    error = [np.mean((one - wanted) ** 2) for one in (variance, raw)]
    assert error[0] < 0.6 * error[1]  # moderated ones lie nearer to the truth than each gene's own
    assert np.corrcoef(np.log(found.size), np.log(wanted.mean((1, 2))))[0, 1] > 0.5
    np.testing.assert_allclose(found.of_mean, (1 + 1 / n_sets) * found.covariance)


def test_sets_that_differ_from_cell_to_cell_alone_add_nothing(truth):
    by_cell = truth[1]
    found = between_sets(drawn(2, 5, np.zeros_like(by_cell), by_cell), as_blocks(by_cell))
    assert np.einsum("ldfdf->", found.covariance) < 0.03 * np.einsum("lii->", by_cell)
    same = np.repeat(drawn(2, 1, np.zeros_like(by_cell), by_cell), 3, axis=0)
    assert not between_sets(same, np.zeros_like(as_blocks(by_cell))).covariance.any()


def test_another_reference_changes_nothing_and_unknown_days_stay_unknown(truth):
    between, by_cell = truth
    theta = drawn(3, 3, between, by_cell)
    theta[:, 4, 1] = np.nan
    found = between_sets(theta, as_blocks(by_cell))
    assert np.isnan(found.covariance[4, 1]).all() and np.isnan(found.covariance[4, :, :, 1]).all()
    assert np.isfinite(found.covariance[4, 0, :, 2]).all() and np.isfinite(np.delete(found.covariance, 4, 0)).all()
    to = np.array([[-1.0, 0.0], [-1.0, 1.0]])  # logits against the first fate beside the reference
    moved = np.einsum("ldfeg,hf,ig->ldhei", as_blocks(by_cell), to, to)
    again = between_sets(theta @ to.T, moved).covariance
    np.testing.assert_allclose(again, np.einsum("ldfeg,hf,ig->ldhei", found.covariance, to, to), atol=1e-10)


def noisy(screen, seed, sd=0.5):
    """Labels with an error of their own in every cell."""
    raised = screen.fate_probs * np.exp(np.random.default_rng(seed).normal(scale=sd, size=screen.fate_probs.shape))
    return raised / raised.sum(1, keepdims=True)


def test_means_of_sets_with_the_covariance_of_their_mean_labels():
    screen = screen_of(simulated(cells=900, genes=12))
    options = LaplaceOptions.of(Settings.from_mapping({"p_values": False}))
    contrast = np.array([1.0, 0.0])
    sets = np.stack([noisy(screen, seed) for seed in range(4)])
    whole = replace(screen, fate_probs=sets[0], other_probs=sets[1:], label_sets=("a", "b", "c", "d"))

    def effects(one):
        return estimate_theta(fit_laplace(one, options).baseline, one, contrast, options).all_fates

    of_sets, of_mean = [effects(whole.of_set(k)) for k in range(4)], effects(whole.of_mean_labels())
    found = combine_sets(of_sets, of_mean)
    np.testing.assert_allclose(found.theta, sum(one.theta for one in of_sets) / 4)
    np.testing.assert_allclose(found.guides.y, sum(one.guides.y for one in of_sets) / 4)
    assert found.noise is of_mean.noise
    share = np.einsum("ldfdf->ldf", found.labels) / np.einsum("ldfdf->ldf", found.noise + found.labels)
    assert share.mean() < 0.15  # errors of single cells are in the scatter of the labels

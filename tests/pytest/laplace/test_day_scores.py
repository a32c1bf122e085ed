"""The statistic of a gene on a day, and the pools of its null, by plain sums and shuffles."""

import numpy as np
import pytest
from conftest import screen_of, simulated
from scipy.special import softmax

from fatebias.base.settings import Settings
from fatebias.laplace import LaplaceOptions, fit_laplace, solve_estimates
from fatebias.laplace.day_scores import FittedScores, day_tests
from fatebias.laplace.gene_p_values import two_sided
from fatebias.laplace.saddlepoint import moments, normal_score
from fatebias.screens import burden_strata, contrast_weights
from fatebias.screens.screen import Screen

SETTINGS = Settings.from_mapping({"inference": "laplace"})
OPTIONS = LaplaceOptions.of(SETTINGS)


def contrast_of(screen: Screen) -> np.ndarray:
    return contrast_weights(SETTINGS.contrast_fate, screen.fates)


@pytest.fixture(scope="module")
def screen() -> Screen:
    return screen_of(simulated(cells=2500, genes=20, ntc=10, moi=5.0, seed=3, labels="onehot"), SETTINGS)


@pytest.fixture(scope="module")
def solved(screen):
    return solve_estimates(fit_laplace(screen, OPTIONS).baseline, OPTIONS)


def by_hand(screen: Screen, solved, gene: int, day: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of a day's cells: guides of the gene, residuals with the gene's own effect taken out of its carriers, strata,
    and the fitted residuals; two-fate softmax by numpy.
    """
    design, x, c = solved.design, solved.effects.x, contrast_of(screen)
    cells = np.flatnonzero(screen.day == day)
    eta = design.predictor(x).numpy()[cells]
    weight = solved.effects.curvature.weight.numpy()[cells]
    probs = softmax(np.c_[np.zeros(len(cells)), eta], axis=1)[:, 1:]
    w = weight[:, None, None] * (np.einsum("nf,fg->nfg", probs, np.eye(2)) - probs[:, :, None] * probs[:, None])
    a = np.linalg.solve(w.mean(0), c)
    a = a / (a @ c)
    beta = design.theta(x).numpy()[screen.guide_gene, :, day] @ c + design.delta(x).numpy() @ c
    carried, effect = np.zeros(len(cells)), np.zeros(len(cells))
    for k, cell in enumerate(cells):
        for guide in screen.guide_idx[screen.guide_ptr[cell] : screen.guide_ptr[cell + 1]]:
            if screen.guide_gene[guide] == gene:
                carried[k] += 1
                effect[k] += beta[guide]

    def residual(at: np.ndarray) -> np.ndarray:
        mean = softmax(np.c_[np.zeros(len(cells)), at], axis=1)[:, 1:]
        return weight * ((screen.fate_probs[cells, 1:] - mean) @ a)

    _, stratum = np.unique(burden_strata(screen)[cells], return_inverse=True)
    return carried, residual(eta - effect[:, None] * a), stratum, residual(eta)


@pytest.mark.parametrize(("gene", "day"), [(3, 0), (8, 2), (15, 1)])
def test_statistic_and_null_are_those_of_plain_sums_and_shuffles(screen, solved, gene, day):
    carried, null, stratum, fitted = by_hand(screen, solved, gene, day)
    scores = FittedScores.of(solved, screen, contrast_of(screen), burden_strata(screen)).on_day(day)
    stretch = scores.residual / fitted  # by what the fit takes off the residuals
    assert ((stretch > 1 - 1e-9) & (stretch < 1.3)).all()
    pool = np.where(carried > 0, null, scores.residual)
    (tests,) = day_tests(scores)
    t = int(np.flatnonzero(tests.genes == gene)[0])
    for s in np.unique(stratum):  # nothing to exchange in a stratum of carriers alone
        assert not (carried[stratum == s] > 0).all()
    assert tests.x[t] == pytest.approx((carried * null).sum(), rel=1e-9)
    rng, drawn = np.random.default_rng(gene), []
    for _ in range(4000):
        order = np.lexsort((rng.random(len(pool)), stratum))
        moved = np.empty_like(pool)
        moved[np.argsort(stratum, kind="stable")] = pool[order]
        drawn.append((carried * moved).sum())
    mean, variance = moments(tests.pools, len(tests.genes))
    assert mean[t] == pytest.approx(np.mean(drawn), abs=4 * np.std(drawn) / np.sqrt(len(drawn)))
    assert np.sqrt(variance[t]) == pytest.approx(np.std(drawn), rel=0.05)
    p = two_sided(normal_score(tests.x, tests.pools, np.zeros(len(tests.x))))[t]
    tails = [(np.array(drawn) >= tests.x[t]).mean(), (np.array(drawn) <= tests.x[t]).mean()]
    assert p == pytest.approx(2 * min(tails), abs=0.03)

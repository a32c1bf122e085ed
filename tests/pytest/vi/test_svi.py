import numpy as np
import pytest
import torch
from conftest import screen_of, simulated

from fatebias.base.errors import FitError
from fatebias.base.settings import Settings
from fatebias.model.cells import to_tensors
from fatebias.model.draws import DrawPlan, blocks_from_raw, summarise_draws
from fatebias.model.prior import Priors
from fatebias.vi.options import SVIOptions
from fatebias.vi.svi import draw_raw, fit_svi
from fatebias.vi.target import Target

WEIGHT = 21.0  # of labels of concentration 20


def fitted(screen, **changes):
    settings = Settings.from_mapping(
        {"num_posterior_draws": 300, "num_steps": 500, "learning_rate": 0.03,
         "approx_posterior": "normal"} | changes
    )  # fmt: skip
    cells, layout = to_tensors(screen, dtype=torch.float32)
    priors, plan = Priors.of(settings), DrawPlan.of(settings)
    target = Target(cells=cells, layout=layout, priors=priors, weight=WEIGHT)
    fit = fit_svi(target, SVIOptions.of(settings))
    raw = draw_raw(fit, target, plan)
    return fit, raw, summarise_draws(blocks_from_raw(raw, screen), screen, np.array([1.0, 0.0]), plan)


@pytest.fixture(scope="module")
def medium():
    sim = simulated(cells=3000, genes=10, effects="random_walk")
    return sim, screen_of(sim)


@pytest.mark.parametrize("family", ["normal", "lowrank"])
def test_finds_the_simulated_effects(medium, family):
    sim, screen = medium
    fit, raw, summary = fitted(screen, approx_posterior=family)
    truth = sim.theta[[sim.genes.index(gene) for gene in screen.gene_names]]
    assert np.corrcoef(summary.theta_mean.ravel(), truth[:, 0].ravel())[0, 1] > 0.95
    assert np.corrcoef(summary.theta_mean_all[:, 1].ravel(), truth[:, 1].ravel())[0, 1] > 0.95
    assert fit.losses[-50:].mean() < fit.losses[:50].mean()
    assert raw["u"].shape == (300, screen.n_guides, 2)


def test_converges_by_its_rule_and_says_when_it_did_not(medium):
    _, screen = medium
    long, _, _ = fitted(screen, num_steps=2000, loss_tolerance=1e-2)
    assert long.converged and long.steps < 2000 and "improves by less than 0.01" in long.rule
    short, _, _ = fitted(screen, num_steps=20)
    assert not short.converged and short.steps == 20 and len(short.losses) == 20


def test_the_seed_makes_runs_identical_and_another_seed_does_not(small_screen):
    runs = [fitted(small_screen, num_steps=40, batch_size=256, seed=seed) for seed in (3, 3, 4)]
    assert np.array_equal(runs[0][0].losses, runs[1][0].losses)
    assert torch.equal(runs[0][1]["u"], runs[1][1]["u"])
    assert not np.array_equal(runs[0][0].losses, runs[2][0].losses)


def test_minibatches_reach_the_same_posterior_as_all_cells(medium):
    _, screen = medium
    whole, parts = (fitted(screen, batch_size=size)[2] for size in (3000, 600))
    assert np.abs(whole.theta_mean - parts.theta_mean).max() < 2.5 * np.median(whole.theta_sd)
    assert 0.8 < np.median(parts.theta_sd / whole.theta_sd) < 1.25


def test_delta_is_centred_in_every_draw_and_zero_for_one_guide_genes(small_screen):
    _, raw, _ = fitted(small_screen, num_steps=20)
    block = next(blocks_from_raw(raw, small_screen))
    for gene in range(small_screen.n_genes):
        own = block.delta[:, small_screen.guide_gene == gene]
        assert np.abs(own.mean(1)).max() < 1e-5
        if own.shape[1] == 1:
            assert (own == 0).all()
    assert (small_screen.guides_per_gene == 1).any()


def test_a_loss_that_is_not_finite_stops_the_fit(small_screen):
    settings = Settings.from_mapping({"num_steps": 5, "approx_posterior": "normal"})
    cells, layout = to_tensors(small_screen, dtype=torch.float32)
    cells.fate_probs[0, 0] = float("nan")
    with pytest.raises(FitError, match="loss is nan at step 1"):
        fit_svi(Target(cells=cells, layout=layout, priors=Priors.of(settings)), SVIOptions.of(settings))

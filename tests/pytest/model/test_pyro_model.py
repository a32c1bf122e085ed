"""The log joint against a plain numpy sum, and what must not change it."""

import itertools
from dataclasses import replace

import numpy as np
import pyro
import pytest
import torch
from conftest import screen_of, simulated
from pyro import poutine
from scipy import stats

from fatebias.base.settings import Settings
from fatebias.model.cells import Minibatches, to_tensors
from fatebias.model.likelihood import SoftLabels
from fatebias.model.nuisance import Terms
from fatebias.model.prior import Priors
from fatebias.model.pyro_model import fate_model, linear_predictor

PRIORS = Priors.of(Settings.from_mapping())
BOTH = Terms(burden_by_day=True, sample_effects=True)
SITES = ("alpha", "b", "gamma", "tau", "sigma_time", "sigma_guide", "z0", "eps", "u")


def prior_draw(cells, layout, seed=0):
    """Raw parameters drawn from the model, scales of ordinary size."""
    pyro.set_rng_seed(seed)
    trace = poutine.trace(fate_model).get_trace(cells, layout, PRIORS)
    sites = (*SITES, *layout.extra)
    return {name: trace.nodes[name]["value"] * (0.3 if name in SITES[3:6] else 1.0) for name in sites}


def with_covariates(screen, n):
    """The screen with so many columns of covariates."""
    values = np.random.default_rng(4).normal(size=(screen.n_cells, n))
    return replace(screen, covariates=values, covariate_names=tuple(f"c{k}" for k in range(n)))


def log_joint(cells, layout, values, weight=1.0):
    conditioned = poutine.condition(fate_model, data=values)
    return poutine.trace(conditioned).get_trace(cells, layout, PRIORS, weight).log_prob_sum().item()


def numpy_log_joint(screen, values, weight=1.0):
    """Priors and likelihood written out cell by cell and guide by guide."""
    v = {name: value.numpy() for name, value in values.items()}
    s = PRIORS
    total = stats.norm.logpdf(v["alpha"], 0, s.s_alpha).sum() + stats.norm.logpdf(v["b"], 0, s.s_rep).sum()
    total += stats.norm.logpdf(v["gamma"], 0, s.s_gamma).sum() + stats.halfnorm.logpdf(v["tau"], 0, s.s_tau).sum()
    total += stats.halfnorm.logpdf(v["sigma_time"], 0, s.s_time).sum()
    total += stats.halfnorm.logpdf(v["sigma_guide"], 0, s.s_guide).sum()
    total += sum(stats.norm.logpdf(v[name]).sum() for name in ("z0", "eps", "u"))
    sd = {"gamma_day": s.s_gamma_day, "sample": s.s_sample, "covariate": s.s_covariate}
    total += sum(stats.norm.logpdf(v[name], 0, sd[name]).sum() for name in sd if name in v)
    samples = sorted(set(zip(screen.day, screen.replicate)))
    burden = screen.burden.copy()
    for day in range(screen.n_days):
        burden[screen.day == day] -= screen.burden[screen.day == day].mean()
    for i in range(screen.n_cells):
        day, eta = screen.day[i], np.zeros(screen.n_fates)
        for f in range(screen.n_fates - 1):
            value = v["alpha"][f, day] + v["b"][f, screen.replicate[i]] + v["gamma"][f] * burden[i]
            if "gamma_day" in v:
                value += v["gamma_day"][f, day] * burden[i]
            if "sample" in v:
                value += v["sample"][f, samples.index((day, screen.replicate[i]))]
            if "covariate" in v:
                value += v["covariate"][f] @ screen.covariates[i]
            for g in screen.guide_idx[screen.guide_ptr[i] : screen.guide_ptr[i + 1]]:
                gene = screen.guide_gene[g]
                theta = v["tau"][f] * v["z0"][gene, f] + (v["sigma_time"][f] * v["eps"][gene, f])[:day].sum()
                delta = v["sigma_guide"][f] * (v["u"][g, f] - v["u"][screen.guide_gene == gene, f].mean())
                value += theta + delta
            eta[f + 1] = value
        total += weight * (screen.fate_probs[i] * (eta - np.logaddexp.reduce(eta))).sum()
    return total


@pytest.mark.parametrize("arguments", [{}, {"fates": 2, "days": 2, "replicates": 1}, {"fates": 4}])
@pytest.mark.parametrize("weight", [1.0, 7.5])
def test_log_joint_equals_the_plain_sum(arguments, weight):
    screen = screen_of(simulated(cells=200, **arguments))
    cells, layout = to_tensors(screen)
    values = prior_draw(cells, layout)
    assert np.isclose(log_joint(cells, layout, values, weight), numpy_log_joint(screen, values, weight), rtol=1e-10)


@pytest.mark.parametrize("terms", [Terms(burden_by_day=True), Terms(sample_effects=True), BOTH])
@pytest.mark.parametrize("n_covariates", [0, 2])
def test_log_joint_has_the_terms_that_are_asked_for(terms, n_covariates):
    screen = with_covariates(screen_of(simulated(cells=200)), n_covariates)
    cells, layout = to_tensors(screen, terms=terms)
    wanted = {"gamma_day": terms.burden_by_day, "sample": terms.sample_effects, "covariate": n_covariates > 0}
    assert {kind: kind in layout.extra for kind in wanted} == wanted
    values = prior_draw(cells, layout)
    assert np.isclose(log_joint(cells, layout, values, 3.0), numpy_log_joint(screen, values, 3.0), rtol=1e-10)
    torch.manual_seed(2)
    batches = itertools.islice(Minibatches(cells, 40), 5)  # a batch takes its cells' columns along
    parts = [log_joint(batch, layout, values, 3.0) for batch in batches]
    assert np.isclose(np.mean(parts), numpy_log_joint(screen, values, 3.0), rtol=1e-12)


def test_mean_over_minibatches_is_the_full_log_joint(small_screen):
    cells, layout = to_tensors(small_screen)
    values = prior_draw(cells, layout)
    torch.manual_seed(1)
    # one batch an epoch, so that the 500 batches are independent
    parts = [log_joint(next(Minibatches(cells, 50)), layout, values) for _ in range(500)]
    error = np.std(parts) / np.sqrt(len(parts))
    assert abs(np.mean(parts) - numpy_log_joint(small_screen, values)) < 4 * error


def test_an_epoch_of_minibatches_averages_to_the_full_gradient(small_screen):
    """600 cells in 5 equal batches: the mean is exact, so the data count once at every scale."""
    cells, layout = to_tensors(small_screen)
    values = prior_draw(cells, layout)
    full = log_joint(cells, layout, values)
    torch.manual_seed(2)
    batches = itertools.islice(Minibatches(cells, 120), 5)
    assert np.isclose(np.mean([log_joint(batch, layout, values) for batch in batches]), full, rtol=1e-12)


def test_the_likelihood_of_the_layout_is_the_one_that_counts(small_screen):
    class Constant(SoftLabels):
        def log_density(self, eta, fate_probs):
            return torch.full_like(eta[:, 0], -2.0)

    cells, layout = to_tensors(small_screen)
    _, other = to_tensors(small_screen, likelihood=Constant())
    values = prior_draw(cells, layout)
    prior = log_joint(cells, layout, values, torch.zeros(3, dtype=torch.float64))
    assert np.isclose(log_joint(cells, other, values, 3.0), prior - 2.0 * 3.0 * small_screen.n_cells, rtol=1e-12)


def test_weights_by_day_sum_like_their_days(small_screen):
    cells, layout = to_tensors(small_screen)
    values = prior_draw(cells, layout)
    by_day = torch.tensor([1.0, 4.0, 9.0], dtype=torch.float64)
    base = log_joint(cells, layout, values, torch.zeros(3, dtype=torch.float64))
    parts = [log_joint(cells, layout, values, torch.eye(3, dtype=torch.float64)[d]) - base for d in range(3)]
    assert np.isclose(log_joint(cells, layout, values, by_day) - base, np.dot(by_day.numpy(), parts))


def test_controls_contribute_exactly_zero(small_screen):
    cells, layout = to_tensors(small_screen)
    beta = torch.full((layout.n_guides, layout.n_logits, layout.n_days), 1e6, dtype=torch.float64)
    zero = torch.zeros
    alpha, b = zero(layout.n_logits, layout.n_days).double(), zero(layout.n_logits, layout.n_replicates).double()
    eta = linear_predictor(cells, beta, alpha, b, zero(layout.n_logits).double())
    per_cell = torch.as_tensor(np.diff(small_screen.guide_ptr), dtype=torch.float64)
    only_controls = per_cell == 0
    assert only_controls.any() and (eta[only_controls] == 0).all()
    assert torch.equal(eta[:, 0], per_cell * 1e6)


def test_permuting_cells_changes_nothing(small_screen):
    cells, layout = to_tensors(small_screen)
    values = prior_draw(cells, layout)
    shuffled = cells.take(torch.randperm(layout.n_cells, generator=torch.Generator().manual_seed(3)))
    assert np.isclose(log_joint(shuffled, layout, values), log_joint(cells, layout, values), rtol=1e-12)


def test_permuting_genes_and_guides_permutes_the_parameters(small_sim, small_screen):
    """The map in reverse order: the same log joint when the parameters are reordered by name."""
    reverse = dict(vars(small_sim))
    reverse["guide_map"] = small_sim.guide_map.iloc[::-1]
    reverse["guides"] = small_sim.guides[:, ::-1]
    other = screen_of(type(small_sim)(**reverse))
    assert other.gene_names != small_screen.gene_names
    gene = [small_screen.gene_names.index(name) for name in other.gene_names]
    guide = [small_screen.guide_names.index(name) for name in other.guide_names]
    values = prior_draw(*to_tensors(small_screen))
    moved = values | {"z0": values["z0"][gene], "eps": values["eps"][gene], "u": values["u"][guide]}
    assert np.isclose(log_joint(*to_tensors(other), moved), log_joint(*to_tensors(small_screen), values), rtol=1e-12)


def test_gradients_reach_every_parameter(small_screen):
    cells, layout = to_tensors(small_screen)
    values = {name: value.requires_grad_() for name, value in prior_draw(cells, layout).items()}
    trace = poutine.trace(poutine.condition(fate_model, data=values)).get_trace(cells, layout, PRIORS)
    trace.log_prob_sum().backward()
    assert all(value.grad.abs().sum() > 0 for value in values.values())

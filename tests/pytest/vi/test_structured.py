"""The structured posterior: its density by independent arithmetic, its start, and what it learns."""

import dataclasses

import numpy as np
import pytest
import torch
from conftest import screen_of, simulated
from pyro import poutine
from scipy import stats

from fatebias.base.settings import Settings
from fatebias.laplace import LaplaceOptions, fit_laplace
from fatebias.model.cells import to_tensors
from fatebias.model.effects import delta_from_raw, theta_from_raw
from fatebias.model.nuisance import Terms
from fatebias.model.prior import Priors
from fatebias.model.pyro_model import fate_model
from fatebias.vi.options import SVIOptions
from fatebias.vi.structured import LEAST_PRECISION, StructuredPosterior, structured_start
from fatebias.vi.svi import fit_svi
from fatebias.vi.target import Target

SETTINGS = Settings.from_mapping({"likelihood_weight": 21.0})
PRIORS = Priors.of(SETTINGS)


@pytest.fixture(scope="module")
def started():
    screen = screen_of(simulated(cells=1500, genes=6, effects="random_walk"))
    fit = fit_laplace(screen, LaplaceOptions.of(SETTINGS))
    start = structured_start(fit, PRIORS)
    return screen, fit, start, StructuredPosterior(start, torch.float64)


def prior_precision(scales, n):
    """Q of a gene's theta (random walk over days) and v, written out entry by entry; fates innermost."""
    rows, f = scales.shape
    d = rows - 1
    q = np.zeros((d + n, f, d + n, f))
    for fate in range(f):
        for day in range(d):
            walk = np.zeros(d)
            walk[day] = 1
            if day:
                walk[day - 1] = -1
            q[:d, fate, :d, fate] += np.outer(walk, walk) / scales[day, fate] ** 2
        for guide in range(n):
            q[d + guide, fate, d + guide, fate] = 1 / scales[d, fate] ** 2
    return q.reshape((d + n) * f, -1)


def test_the_nuisance_effects_start_with_the_covariance_of_double_precision(started):
    """Given the blocks: (X' W X + prior precision)^-1, written out. Intercepts of days and replicates are told apart by
    their prior alone; in single precision a large screen's rounding is larger than that.
    """
    _, fit, start, _ = started
    design = fit.baseline.design
    pi = design.likelihood.mean(design.predictor(fit.baseline.x)).numpy()
    w = fit.baseline.cell_weight.numpy()[:, None, None] * (
        pi[:, :, None] * np.eye(pi.shape[1]) - pi[:, :, None] * pi[:, None]
    )
    x = design.nuisance.numpy()
    size = x.shape[1] * pi.shape[1]
    information = np.einsum("nk,nfg,nl->kflg", x, w, x, optimize=True).reshape(size, size)
    sd = fit.baseline.posterior_problem(PRIORS).prior.nuisance_sd.numpy()
    expected = np.linalg.inv(information + np.diag(sd.reshape(-1) ** -2.0))
    assert np.allclose(start.nuisance_covariance.numpy(), expected, rtol=1e-9, atol=1e-12)


def test_log_density_is_that_of_its_parts(started):
    """Scales, blocks and nuisance effects as Gaussians in their own coordinates, changed to the model's sites."""
    screen, _, start, posterior = started
    torch.manual_seed(0)
    with torch.no_grad():
        values, log_density = posterior.draw()
    v = {name: value.numpy() for name, value in values.items()}
    scales = np.concatenate([v["tau"][None], v["sigma_time"].T, v["sigma_guide"][None]])
    d = scales.shape[0] - 1
    log_scales = np.log(scales)
    total = stats.norm.logpdf(log_scales, start.log_scales, start.sd_log).sum() - log_scales.sum()
    moved = start.nuisance_mean.numpy().copy()
    for block, module in zip(start.blocks, posterior.blocks):
        n = block.guides.shape[1]
        root = np.linalg.cholesky(block.covariance.numpy())
        back = np.linalg.inv(root)
        of_data = back.transpose(0, 2, 1) @ module.of_data.numpy() @ back  # Lambda
        for i, gene in enumerate(block.genes.tolist()):
            walk = np.concatenate([v["z0"][gene][:, None], v["eps"][gene]], 1).T * scales[:d]
            x = np.concatenate([np.cumsum(walk, 0), v["u"][block.guides[i].numpy()] * scales[d]]).ravel()
            covariance = np.linalg.inv(prior_precision(scales, n) + of_data[i])
            mean = covariance @ np.linalg.solve(block.covariance[i].numpy(), block.mean[i].numpy())
            total += stats.multivariate_normal.logpdf(x, mean, covariance)
            total += log_scales[:d].sum() + n * log_scales[d].sum()  # of x -> z0, eps, u
            moved += block.nuisance_on_block[:, i].numpy() @ (x - block.mean[i].numpy())
    nuisance = np.concatenate([v["alpha"].T, v["b"].T, v["gamma"][None], v["gamma_day"].T, v["sample"].T]).ravel()
    total += stats.multivariate_normal.logpdf(nuisance, moved, start.nuisance_covariance.numpy())
    assert np.isclose(float(log_density), total, rtol=1e-8)
    assert screen.n_guides == len(v["u"])


def test_at_the_modes_scales_it_is_engine_laplaces_posterior(started):
    """Draws with the scales held: mean and covariance of theta are the block's, but for the floor on Lambda."""
    screen, fit, start, posterior = started
    torch.manual_seed(1)
    scales = start.log_scales.exp().expand(20_000, -1, -1)
    first = start.blocks[0]
    with torch.no_grad():
        out, _, _ = posterior.blocks[0].draw(scales)
    d = screen.n_days
    theta = torch.cumsum(out[:, 0, :d] * scales[:, :d], 1).flatten(1)
    assert np.allclose(
        theta.mean(0), first.mean[0][: theta.shape[1]], atol=4 * float(theta.std(0).max()) / np.sqrt(20_000)
    )
    wanted = first.covariance[0][: theta.shape[1], : theta.shape[1]]
    assert np.allclose(np.cov(theta.T), wanted, atol=0.04 * float(wanted.diagonal().max()) + LEAST_PRECISION)
    assert fit.convergence.converged


def test_draws_have_the_shapes_of_the_models_sites_and_zero_mean_delta(started):
    screen, _, _, posterior = started
    with torch.no_grad():
        values, log_density = posterior.draw(7)
    g, l, f, d = screen.n_guides, screen.n_genes, screen.n_fates - 1, screen.n_days
    shapes = {"alpha": (f, d), "b": (f, 2), "gamma": (f,), "tau": (f,), "sigma_time": (f, d - 1), "sigma_guide": (f,),
              "z0": (l, f), "eps": (l, f, d - 1), "u": (g, f), "gamma_day": (f, d), "sample": (f, 2 * d)}  # fmt: skip
    assert {name: tuple(value.shape) for name, value in values.items()} == {k: (7, *s) for k, s in shapes.items()}
    assert log_density.shape == (7,)
    cells, layout = to_tensors(screen, terms=Terms.of(SETTINGS))
    trace = poutine.trace(fate_model).get_trace(cells, layout, PRIORS)
    latent = {name for name, node in trace.nodes.items() if node["type"] == "sample" and not node["is_observed"]}
    assert latent == values.keys()  # every site of the model, and no other


def test_genes_and_guides_are_put_back_in_the_screens_order(started):
    """Means of draws against the mode by name: a wrong permutation would mix genes of different size."""
    screen, fit, _, posterior = started
    torch.manual_seed(2)
    with torch.no_grad():
        values, _ = posterior.draw(2000)
    theta = theta_from_raw(values["z0"], values["eps"], values["tau"], values["sigma_time"]).mean(0).numpy()
    gene, counts = torch.as_tensor(screen.guide_gene), torch.as_tensor(screen.guides_per_gene)
    delta = delta_from_raw(values["u"], values["sigma_guide"], gene, counts).mean(0).numpy()
    assert np.abs(theta - fit.mode["theta"]).max() < 0.03
    assert np.abs(delta - fit.mode["delta"]).max() < 0.03
    for kind in ("alpha", "gamma_day", "sample"):
        assert np.abs(values[kind].mean(0).numpy() - fit.mode[kind]).max() < 0.04, kind


def test_svi_stays_at_a_start_that_is_the_optimum_and_leaves_one_that_is_not(started):
    screen, _, start, _ = started
    cells, layout = to_tensors(screen, dtype=torch.float32, terms=Terms.of(SETTINGS))
    target = Target(cells=cells, layout=layout, priors=PRIORS, weight=21.0)
    stayed = fit_svi(target, SVIOptions.of(SETTINGS), start)
    assert stayed.converged
    shift = torch.cat([block.shift.detach().flatten() for block in stayed.approx_posterior.blocks])
    assert shift.square().mean().sqrt() * 0.1 < 0.15  # posterior SDs
    off = structured_start_moved(start, 1.0)
    quick = dataclasses.replace(SVIOptions.of(SETTINGS), learning_rate=0.03, steps=500)
    left = fit_svi(target, quick, off)
    optimum, gap = stayed.losses[-100:].mean(), left.losses[0] - stayed.losses[-100:].mean()
    assert gap > 0.03 and left.losses[-50:].mean() - optimum < 0.7 * gap


def structured_start_moved(start, sds):
    """The same start with every block's mean moved by some posterior SDs."""
    blocks = [
        dataclasses.replace(one, mean=one.mean + sds * torch.linalg.cholesky(one.covariance).sum(2))
        for one in start.blocks
    ]
    return dataclasses.replace(start, blocks=tuple(blocks))

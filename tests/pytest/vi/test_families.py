import numpy as np
import pyro
import pytest
import torch
from pyro.infer import Trace_ELBO

from fatebias.base.settings import Settings
from fatebias.laplace import LaplaceOptions, fit_laplace
from fatebias.model.cells import to_tensors
from fatebias.model.prior import Priors
from fatebias.model.pyro_model import fate_model
from fatebias.vi import families
from fatebias.vi.families import START_SCALE, draw_sites, make_approx_posterior
from fatebias.vi.structured import structured_start
from fatebias.vi.target import Target

SETTINGS = Settings.from_mapping({"likelihood_weight": 21.0})
PRIORS = Priors.of(SETTINGS)


@pytest.fixture(autouse=True)
def no_parameters():
    """Pyro keeps parameters by name for the whole process: those of another screen would be taken up."""
    pyro.clear_param_store()


@pytest.fixture(scope="module")
def tensors(small_screen):
    return to_tensors(small_screen, dtype=torch.float32)


@pytest.mark.parametrize("family", ["normal", "lowrank"])
def test_pyros_families_start_at_no_effects(tensors, family):
    cells, layout = tensors
    approx = make_approx_posterior(family, fate_model, layout, cells.fate_probs, None)
    approx(cells, layout, PRIORS)
    draws = draw_sites(approx, 4000, Target(cells=cells, layout=layout, priors=PRIORS))
    assert draws["z0"].shape == (4000, layout.n_genes, layout.n_logits)
    assert draws["u"].mean().abs() < 0.01 and 0.05 < draws["u"].std() < 0.2
    assert np.isclose(draws["tau"].median(), START_SCALE, rtol=0.05)


def test_draws_do_not_depend_on_how_many_are_made_at_once(small_screen, tensors, monkeypatch):
    """Same mean and SD from portions of one draw as from all together, within Monte Carlo error."""
    cells, layout = tensors
    start = structured_start(fit_laplace(small_screen, LaplaceOptions.of(SETTINGS)), PRIORS)
    approx = make_approx_posterior("structured", fate_model, layout, cells.fate_probs, start)
    target = Target(cells=cells, layout=layout, priors=PRIORS)
    torch.manual_seed(0)
    together = draw_sites(approx, 400, target)["z0"]
    monkeypatch.setattr(families, "_NUMBERS_AT_ONCE", 1)
    apart = draw_sites(approx, 400, target)["z0"]
    assert apart.shape == together.shape
    error = together.std(0) / np.sqrt(200)
    assert ((apart.mean(0) - together.mean(0)).abs() < 5 * error).all()


def test_the_structured_start_has_a_better_elbo_than_a_mean_field_start(small_screen, tensors):
    cells, layout = tensors
    start = structured_start(fit_laplace(small_screen, LaplaceOptions.of(SETTINGS)), PRIORS)
    losses = []
    for family in ("structured", "normal"):
        approx = make_approx_posterior(family, fate_model, layout, cells.fate_probs, start)
        elbo = Trace_ELBO(num_particles=20)
        losses.append(elbo.loss(fate_model, approx, cells, layout, PRIORS, 21.0))
    assert losses[0] < losses[1]

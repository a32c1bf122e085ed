"""Both engines against MCMC (NUTS) on the reference screens, and what inference reports beside the posterior."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from conftest import DATA, screen_of, simulated

from fatebias.base.errors import FitError, FitWarning, MemoryLimitError
from fatebias.base.settings import Settings
from fatebias.results import engines
from fatebias.results.engines import choose_device, infer
from fatebias.screens.reader import read_screen

THREE_TERMS = {"burden_by_day": False, "sample_effects": False}  # the model that MCMC was made of
DRAWS = 4000  # SD of an SD from draws: 1.1 %


@pytest.mark.parametrize("inference", ["laplace", "svi"])
@pytest.mark.parametrize(("name", "weight"), [("soft", 20), ("onehot", 1)])
def test_agrees_with_mcmc(name, weight, inference):
    """Means within .10 posterior SDs; ratio of SDs: median .97-1.03, 5 % and 95 % in .90-1.10.

    As docs/design.md has it, "Reference posteriors".
    """
    settings = Settings.from_mapping(
        {"likelihood_weight": weight, "inference": inference, "num_posterior_draws": DRAWS} | THREE_TERMS
    )
    screen = read_screen(DATA / f"{name}.h5ad", DATA / f"{name}_guide_map.csv", settings)
    found = infer(screen, settings).posterior
    nuts = np.load(DATA / f"{name}_nuts_{weight}.npz")
    assert (np.abs(found.theta_mean_all - nuts["theta_mean"]) / nuts["theta_sd"]).mean() <= 0.10
    low, middle, high = np.quantile(found.theta_sd_all / nuts["theta_sd"], [0.05, 0.5, 0.95])
    assert 0.97 <= middle <= 1.03 and low >= 0.90 and high <= 1.10
    several = nuts["delta_sd"].min(1) > 0  # genes with one guide have delta = 0
    sd = nuts["delta_sd"][several]
    assert (np.abs(found.delta_mean_all - nuts["delta_mean"])[several] / sd).mean() <= 0.15
    assert 0.90 <= np.median(found.delta_sd_all[several] / sd) <= 1.10


@pytest.mark.parametrize("seed", [1, 2])
def test_engines_agree_on_other_screens(seed):
    """Other sizes, days, fates and weights than the reference screens."""
    shape = {
        1: {"days": 2, "fates": 2, "replicates": 1},
        2: {"days": 5, "concentration": 5.0},
    }[seed]
    screen = screen_of(simulated(cells=2500, genes=10, effects="random_walk", seed=seed, **shape))
    if seed == 2:  # and with a covariate that moves the labels
        depth = np.random.default_rng(0).normal(size=screen.n_cells)
        logits = np.log(screen.fate_probs + 1e-9) + np.outer(depth, [0, 0.5, -0.3])
        probs = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        screen = replace(screen, fate_probs=probs, covariates=depth[:, None], covariate_names=("depth",))
    laplace, svi = (
        infer(screen, Settings.from_mapping({"inference": engine})).posterior for engine in ("laplace", "svi")
    )
    assert (np.abs(laplace.theta_mean_all - svi.theta_mean_all) / laplace.theta_sd_all).mean() < 0.12
    assert 0.95 < np.median(svi.theta_sd_all / laplace.theta_sd_all) < 1.08


def test_a_fixed_weight_far_from_the_labels_warns_with_what_auto_would_find(small_screen):
    with pytest.warns(
        FitWarning,
        match=r"`likelihood_weight: auto` finds (19|2[0-3])\.?\d*\. Standard errors come out about 2\.\d times",
    ):
        infer(small_screen, Settings.from_mapping({"likelihood_weight": 4, "inference": "laplace"}))


def test_a_weight_that_auto_cannot_find_does_not_end_a_fit_at_a_fixed_one():
    """Labels that are almost their expectation: no dispersion to tell a weight from."""
    screen = screen_of(simulated(concentration=1e7))
    with pytest.warns(FitWarning, match="finds no weight on this screen"):
        found = infer(screen, Settings.from_mapping({"likelihood_weight": 20, "inference": "laplace"}))
    assert np.isfinite(found.posterior.theta_sd).all()


def test_a_matrix_that_is_not_positive_definite_is_a_fit_error(small_screen, monkeypatch):
    def fail(*arguments):
        raise torch.linalg.LinAlgError("not positive-definite")

    monkeypatch.setattr("fatebias.results.engines.fit_laplace", fail)
    with pytest.raises(FitError, match="lost its positive definiteness"):
        infer(small_screen, Settings.from_mapping())


@pytest.mark.filterwarnings("error::fatebias.base.errors.FitWarning")
def test_a_weight_that_fits_does_not_warn(small_screen):
    for weight in (20, "auto"):
        infer(small_screen, Settings.from_mapping({"likelihood_weight": weight, "inference": "laplace"}))


def test_the_same_seed_gives_the_same_result(small_screen):
    one, two, other = (
        infer(small_screen, Settings.from_mapping({"seed": seed, "num_steps": 60})) for seed in (3, 3, 4)
    )
    assert np.array_equal(one.posterior.theta_mean, two.posterior.theta_mean)
    assert np.array_equal(one.estimates.covariance, two.estimates.covariance)
    assert not np.array_equal(one.posterior.theta_mean, other.posterior.theta_mean)


def test_devices(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert choose_device("auto") == choose_device("cpu") == "cpu"
    with pytest.raises(FitError, match="finds no CUDA GPU"):
        choose_device("cuda")
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    assert choose_device("auto") == "cuda" and choose_device("cpu") == "cpu"


@pytest.mark.parametrize(
    ("raised", "error", "said"),
    [
        (
            MemoryError("44.7 GiB"),
            MemoryLimitError,
            r"needs more memory than there is \(44.7 GiB\).* lower `num_posterior_draws`",
        ),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: 9 bytes"),
            MemoryLimitError,
            "needs more memory than there is",
        ),
        (np.linalg.LinAlgError("Eigenvalues did not converge"), FitError, "lost its positive definiteness"),
    ],
)
def test_what_a_library_raises_in_a_fit_has_a_remedy(monkeypatch, small_screen, raised, error, said):
    def fail(*_, **__):
        raise raised

    monkeypatch.setattr(engines, "fit_laplace", fail)
    with pytest.raises(error, match=said):
        infer(small_screen, Settings.from_mapping())


def test_other_errors_stay_what_they_are(monkeypatch, small_screen):
    def fail(*_, **__):
        raise RuntimeError("a fault of the program")

    monkeypatch.setattr(engines, "fit_laplace", fail)
    with pytest.raises(RuntimeError, match="a fault of the program"):
        infer(small_screen, Settings.from_mapping())

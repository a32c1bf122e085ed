"""What engine laplace is told, from settings."""

from fatebias.base.settings import Settings
from fatebias.laplace.options import LaplaceOptions, Perturbations, Tolerances
from fatebias.model.likelihood import SOFT_LABELS
from fatebias.model.nuisance import Terms
from fatebias.model.prior import Priors


def test_options_are_those_of_the_settings():
    given = {
        "likelihood_weight": "auto_by_day", "newton_tolerance": 2e-3, "cg_tolerance": 3e-4, "num_perturbations": 17,
        "seed": 5, "se": "sandwich", "s_alpha": 1.1, "s_rep": 1.2, "s_gamma": 1.3, "s_tau": 1.4, "s_time": 1.5,
        "s_guide": 1.6, "estimate_prior_sd": 1.7, "s_gamma_day": 1.8, "s_sample": 1.9, "s_covariate": 2.1,
        "estimand": "guides", "estimate_shift": "free", "sample_effects": False,
    }  # fmt: skip
    found = LaplaceOptions.of(Settings.from_mapping(given))
    assert found == LaplaceOptions(
        priors=Priors(
            s_alpha=1.1, s_rep=1.2, s_gamma=1.3, s_tau=1.4, s_time=1.5, s_guide=1.6, estimate_prior_sd=1.7,
            s_gamma_day=1.8, s_sample=1.9, s_covariate=2.1,
        ),
        weight="auto_by_day",
        tolerances=Tolerances(newton=2e-3, solve=3e-4),
        perturbations=Perturbations(number=17, seed=5, tolerance=3e-4),
        se="sandwich",
        estimand="guides",
        estimate_shift="free",
        likelihood=SOFT_LABELS,
        terms=Terms(burden_by_day=True),
        p_values=True,
    )  # fmt: skip


def test_defaults_are_the_calibrated_ones_and_plain_is_what_it_was():
    found, plain = (LaplaceOptions.of(Settings.from_mapping({"preset": name})) for name in ("calibrated", "plain"))
    assert (found.weight, found.se, found.estimand) == ("auto_by_day", "sandwich", "gene")
    assert found.estimate_shift == "prior"
    assert found.terms == Terms(burden_by_day=True, sample_effects=True)
    assert (plain.weight, plain.se, plain.estimand, plain.terms) == (1.0, "model", "guides", Terms())
    assert plain.estimate_shift == "free"

"""What engine laplace is told, from settings."""

from fatebias.base.settings import Settings
from fatebias.laplace.options import LaplaceOptions, Perturbations, Tolerances
from fatebias.model.likelihood import SOFT_LABELS
from fatebias.model.prior import Priors


def test_options_are_those_of_the_settings():
    given = {
        "likelihood_weight": "auto_by_day", "newton_tolerance": 2e-3, "cg_tolerance": 3e-4, "num_perturbations": 17,
        "seed": 5, "se": "sandwich", "s_alpha": 1.1, "s_rep": 1.2, "s_gamma": 1.3, "s_tau": 1.4, "s_time": 1.5,
        "s_guide": 1.6, "estimate_prior_sd": 1.7,
    }  # fmt: skip
    found = LaplaceOptions.of(Settings.from_mapping(given))
    assert found == LaplaceOptions(
        priors=Priors(s_alpha=1.1, s_rep=1.2, s_gamma=1.3, s_tau=1.4, s_time=1.5, s_guide=1.6, estimate_prior_sd=1.7),
        weight="auto_by_day",
        tolerances=Tolerances(newton=2e-3, solve=3e-4),
        perturbations=Perturbations(number=17, seed=5, tolerance=3e-4),
        se="sandwich",
        likelihood=SOFT_LABELS,
    )

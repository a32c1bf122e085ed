"""Nuisance effects of a cell: what moves its labels beside its guides, kind by kind.

Every model has intercepts by day (alpha), replicate effects (b) and a burden slope (gamma). `Terms` says which others
it has: burden slopes by day, intercepts by sample (day x replicate), and a slope for each covariate. F logits, the
fates beside the reference.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..base import Settings
from ..screens import Screen


@dataclass(frozen=True, kw_only=True)
class Terms:
    """Which kinds a model has beside alpha, b and gamma; covariates are in it wherever a screen has them.

    burden_by_day: gamma_day, a day's own burden slope, of screens with two days or more. sample_effects: sample,
    intercepts by day and replicate, of screens where some replicate has two days or more.
    """

    burden_by_day: bool = False
    sample_effects: bool = False

    @classmethod
    def of(cls, settings: Settings) -> "Terms":
        return cls(burden_by_day=settings.burden_by_day, sample_effects=settings.sample_effects)


NO_TERMS = Terms()


def extra_columns(screen: Screen, terms: Terms) -> Mapping[str, np.ndarray]:
    """Columns of the kinds beside alpha, b and gamma, float [N, k] each, by the name of the kind."""
    columns: dict[str, np.ndarray] = {}
    if terms.burden_by_day and screen.n_days > 1:
        columns["gamma_day"] = np.eye(screen.n_days)[screen.day] * screen.burden_centered[:, None]
    if terms.sample_effects and _has_samples(screen):
        sample = screen.day * screen.n_replicates + screen.replicate
        _, number = np.unique(sample, return_inverse=True)
        columns["sample"] = np.eye(number.max() + 1)[number]
    if screen.covariate_names:
        columns["covariate"] = screen.covariates
    return columns


def nuisance_columns(screen: Screen, terms: Terms) -> Mapping[str, np.ndarray]:
    """Columns of all kinds, float [N, k] each, in the order of x."""
    return {
        "alpha": np.eye(screen.n_days)[screen.day],
        "b": np.eye(screen.n_replicates)[screen.replicate],
        "gamma": screen.burden_centered[:, None],
        **extra_columns(screen, terms),
    }


def _has_samples(screen: Screen) -> bool:
    """Are intercepts by day and replicate other than those of days and of replicates?"""
    carried = np.zeros((screen.n_replicates, screen.n_days), dtype=bool)
    carried[screen.replicate, screen.day] = True
    return screen.n_replicates > 1 and bool((carried.sum(1) > 1).any())

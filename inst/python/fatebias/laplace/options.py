"""What engine laplace is told of a fit, in small objects: each function takes those that it needs."""

from dataclasses import dataclass

import torch

from ..base import Settings
from ..model import NO_TERMS, SOFT_LABELS, Design, Likelihood, Priors, Terms, build_design, likelihood_of
from ..screens import Screen


@dataclass(frozen=True, kw_only=True)
class Tolerances:
    """newton: largest step of an effect (in logits) at which the search for a mode ends. solve: of linear solves."""

    newton: float
    solve: float


@dataclass(frozen=True, kw_only=True)
class Perturbations:
    """Draws that covariances are simulated from: their number, the seed of the first, the tolerance of their solves."""

    number: int
    seed: int
    tolerance: float


@dataclass(frozen=True, kw_only=True)
class LaplaceOptions:
    """All that a fit by engine laplace depends on, beside the screen.

    weight: of the likelihood, a number, "auto" or "auto_by_day". se: covariances of the estimates by the "model" or by
    the "sandwich". terms: nuisance effects of the model. estimand: see `gene_estimates`. estimate_shift:
    "prior" or "free", see `shared_shift`. p_values: of all genes and
    days, at the end of a fit.
    """

    priors: Priors
    weight: float | str
    tolerances: Tolerances
    perturbations: Perturbations
    se: str
    estimand: str = "guides"
    estimate_shift: str = "free"
    likelihood: Likelihood = SOFT_LABELS
    terms: Terms = NO_TERMS
    p_values: bool = False

    def design(self, screen: Screen, device: str | torch.device = "cpu", join_alike: bool = False) -> Design:
        """The design of a screen, with the labels of the likelihood and the nuisance effects of the model.

        join_alike: see `build_design`.
        """
        return build_design(screen, device, self.likelihood, self.terms, join_alike)

    @classmethod
    def of(cls, settings: Settings) -> "LaplaceOptions":
        tolerance = settings.cg_tolerance
        return cls(
            priors=Priors.of(settings),
            weight=settings.likelihood_weight,
            tolerances=Tolerances(newton=settings.newton_tolerance, solve=tolerance),
            perturbations=Perturbations(number=settings.num_perturbations, seed=settings.seed, tolerance=tolerance),
            se=settings.se,
            estimand=settings.estimand,
            estimate_shift=settings.estimate_shift,
            likelihood=likelihood_of(settings),
            terms=Terms.of(settings),
            p_values=settings.p_values,
        )

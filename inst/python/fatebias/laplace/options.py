"""What engine laplace is told of a fit, in small objects: each function takes those that it needs."""

from dataclasses import dataclass

from ..base import Settings
from ..model import SOFT_LABELS, Likelihood, Priors, likelihood_of


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
    the "sandwich".
    """

    priors: Priors
    weight: float | str
    tolerances: Tolerances
    perturbations: Perturbations
    se: str
    likelihood: Likelihood = SOFT_LABELS

    @classmethod
    def of(cls, settings: Settings) -> "LaplaceOptions":
        tolerance = settings.cg_tolerance
        return cls(
            priors=Priors.of(settings),
            weight=settings.likelihood_weight,
            tolerances=Tolerances(newton=settings.newton_tolerance, solve=tolerance),
            perturbations=Perturbations(number=settings.num_perturbations, seed=settings.seed, tolerance=tolerance),
            se=settings.se,
            likelihood=likelihood_of(settings),
        )

"""What a fit says of all fates at once, from which the estimates of any contrast follow without a refit.

Values are logits against the reference, F last. An estimate is linear, and each part of its covariance quadratic, in
the weights of a contrast; what is neither (how much guides and replicates differ) is found anew for each contrast, in
`gene_estimates.estimates_of`. L genes, G guides, D days, R replicates, F logits (the fates beside the reference).
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from ..base import QUIET, Run
from ..screens import Screen
from .contrasts import carried_by_day, known_covariance, known_theta
from .estimates import SolvedEstimates
from .guide_observations import GuideObservations, observe_guides
from .options import LaplaceOptions
from .replicates import ReplicateObservations, observe_replicates
from .sandwich import Sandwich
from .shared_shift import shared_shift

RATIO_DRAWS = 16  # draws behind the median ratio of SEs, where the sandwich itself is not asked for
OPTIONAL = ("guide_scatter",)
PARTS: dict[str, tuple[str, Any]] = {
    "guide": ("guides", GuideObservations),
    "replicate": ("replicates", ReplicateObservations),
}


@dataclass(frozen=True, kw_only=True)
class AllFates:
    """theta [L, D, F]: fixed effects, NaN on a day without a cell that carries the gene. noise [L, D, F, D, F]: their
    covariance by the labels, of the kind that `se` asks for; model_noise, sandwich_noise: both kinds (the sandwich from
    RATIO_DRAWS draws only where `se` does not ask for it). guides, replicates: what each says by itself. estimand: see
    `gene_estimates`. labels [L, D, F, D, F]: of several label sets, what their difference adds to the covariance
    (`label_sets`); theta and what guides and replicates say are means over sets then, covariances those of the mean
    labels.
    """

    theta: np.ndarray
    noise: np.ndarray
    model_noise: np.ndarray
    sandwich_noise: np.ndarray
    guides: GuideObservations
    replicates: ReplicateObservations
    estimand: str
    labels: np.ndarray | None = None

    @classmethod
    def of(cls, solved: SolvedEstimates, screen: Screen, options: LaplaceOptions, run: Run = QUIET) -> "AllFates":
        """What follows from fixed effects and the covariance of their noise: of a fit, and of every refit."""
        sandwich = draw_sandwich(solved, options, run)
        return cls.of_free_shift(solved, sandwich, screen, options, run).with_prior_shift(solved, sandwich, options.se)

    @classmethod
    def of_free_shift(
        cls, solved: SolvedEstimates, sandwich: Sandwich, screen: Screen, options: LaplaceOptions, run: Run = QUIET
    ) -> "AllFates":
        """The same before anything is said of a shift of all genes (`with_prior_shift`)."""
        known, design, effects = carried_by_day(screen), solved.design, solved.effects
        wanted = options.se == "sandwich"
        model, by_scatter = (known_covariance(design, part, known) for part in (solved.model, sandwich.by_group))
        scatter = solved.scatter.by_guide_day() if wanted else None
        prior_sd = effects.problem.prior.sigma_guide.cpu().numpy()
        return cls(
            theta=known_theta(design, effects.x, known), noise=by_scatter if wanted else model, model_noise=model,
            sandwich_noise=by_scatter,
            guides=observe_guides(effects.curvature, effects.x, screen.guide_gene, prior_sd, scatter),
            replicates=observe_replicates(solved, screen, options.perturbations, run), estimand=options.estimand,
        )  # fmt: skip

    def with_prior_shift(self, solved: SolvedEstimates, sandwich: Sandwich, se: str) -> "AllFates":
        """With a shift of all genes as the model's prior has it, where the estimates were solved for with it.

        It goes off each replicate's theta as well, since replicates share it.
        """
        if solved.mean is None:
            return self
        found = noise_of(solved, sandwich, ~np.isnan(self.theta[:, :, 0]))
        replicates = replace(self.replicates, theta=self.replicates.theta - (self.theta - found.theta))
        return replace(
            self, theta=found.theta, noise=found.sandwich if se == "sandwich" else found.model,
            model_noise=found.model, sandwich_noise=found.sandwich, replicates=replicates,
        )  # fmt: skip

    def arrays(self) -> dict[str, np.ndarray]:
        """All arrays by name, those of guides as guide_y and so on, those of replicates as replicate_theta and so on;
        without sandwich_noise where that is `noise`.
        """
        found = _arrays_of(self)
        if self.sandwich_noise is self.noise:
            del found["sandwich_noise"]
        for prefix, (name, _) in PARTS.items():
            found |= {f"{prefix}_{key}": value for key, value in _arrays_of(getattr(self, name)).items()}
        return found

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, np.ndarray], estimand: str) -> "AllFates":
        """The inverse of `arrays()`; other arrays are passed over."""
        arrays = {"sandwich_noise": arrays["noise"]} | dict(arrays)
        parts: dict[str, Any] = {
            name: part(**{f.name: _part(arrays, f"{prefix}_{f.name}") for f in fields(part)})
            for prefix, (name, part) in PARTS.items()
        }
        own: dict[str, Any] = {name: arrays[name] for name in ("theta", "noise", "model_noise", "sandwich_noise")}
        return cls(**own, **parts, estimand=estimand, labels=arrays.get("labels"))


@dataclass(frozen=True, kw_only=True)
class Noise:
    """theta [L, D, F], and the covariance of its noise by the model and by the sandwich [L, D, F, D, F]."""

    theta: np.ndarray
    model: np.ndarray
    sandwich: np.ndarray


def noise_of(solved: SolvedEstimates, sandwich: Sandwich, known: np.ndarray) -> Noise:
    """Fixed effects and their noise, a shift of all genes as they were solved for; NaN where not known [L, D]."""
    design = solved.design
    theta = known_theta(design, solved.effects.x, known)
    model, by_scatter = (known_covariance(design, part, known) for part in (solved.model, sandwich.by_group))
    if solved.mean is None:
        return Noise(theta=theta, model=model, sandwich=by_scatter)
    shift, unknown = shared_shift(solved, sandwich), np.isnan(model)
    return Noise(
        theta=theta - shift.theta, model=np.where(unknown, np.nan, shift.model),
        sandwich=np.where(unknown, np.nan, shift.sandwich),
    )  # fmt: skip


def draw_sandwich(solved: SolvedEstimates, options: LaplaceOptions, run: Run = QUIET) -> Sandwich:
    """Covariances by the scatter of the labels; from RATIO_DRAWS draws where `se` does not ask for them."""
    asked = options.perturbations
    draws = asked if options.se == "sandwich" else replace(asked, number=min(RATIO_DRAWS, asked.number))
    return solved.sandwich(draws, run.at("sandwich"))


def _part(arrays: Mapping[str, np.ndarray], name: str) -> np.ndarray | None:
    return arrays.get(name) if name in OPTIONAL else arrays[name]


def _arrays_of(record: Any) -> dict[str, np.ndarray]:
    values = {field.name: getattr(record, field.name) for field in fields(record)}
    return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}

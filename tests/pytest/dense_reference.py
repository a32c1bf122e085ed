"""The model with a dense J and a dense Cholesky factor: what the linear engine must reproduce on small screens.

Its own order of effects and its own loops: theta [L, F, D], v [G, F], alpha [F, D], b [F, R], gamma [F], then what
the settings and the screen ask for of gamma_day [F, D], sample [F, S], covariate [F, C]; each raveled, one after the
other.
"""

from dataclasses import dataclass

import numpy as np
import torch

from fatebias.base.settings import Settings
from fatebias.laplace.curvature import Curvature, curvature_at
from fatebias.model import build_design
from fatebias.model.nuisance import Terms
from fatebias.model.prior import Priors, fixed_effect_prior, random_walk_prior
from fatebias.screens.screen import Screen


@dataclass(frozen=True)
class Dense:
    """J [N, F, P]; Q [P, P]; labels [N, F]; weight [N]; start of each kind of effect in x, and its shape."""

    design: np.ndarray
    precision: np.ndarray
    labels: np.ndarray
    weight: np.ndarray
    starts: dict[str, int]
    shapes: dict[str, tuple[int, ...]]

    def named(self, x: np.ndarray) -> dict[str, np.ndarray]:
        return {
            name: x[at : at + np.prod(self.shapes[name])].reshape(self.shapes[name]) for name, at in self.starts.items()
        }

    def pi(self, x: np.ndarray) -> np.ndarray:
        e = np.exp(self.design @ x)
        return e / (1 + e.sum(1, keepdims=True))

    def curvature(self, x: np.ndarray) -> np.ndarray:
        """A = J' W J + Q."""
        pi = self.pi(x)
        w = self.weight[:, None, None] * (pi[:, :, None] * np.eye(pi.shape[1]) - pi[:, :, None] * pi[:, None, :])
        bent = np.einsum("nab,nbp->nap", w, self.design)
        return np.tensordot(self.design, bent, ((0, 1), (0, 1))) + self.precision

    def gradient(self, x: np.ndarray) -> np.ndarray:
        score = self.weight[:, None] * (self.labels - self.pi(x))
        return np.tensordot(self.design, score, ((0, 1), (0, 1))) - self.precision @ x

    def mode(self) -> np.ndarray:
        """Newton's method from 0, until it stands still."""
        x = np.zeros(self.design.shape[2])
        for _ in range(50):
            step = np.linalg.solve(self.curvature(x), self.gradient(x))
            x = x + step
            if np.abs(step).max() < 1e-10:
                return x
        raise AssertionError("the dense reference did not converge")

    def gene_index(self, screen: Screen, gene: int) -> np.ndarray:
        """Where the gene's effects are in x, in the order of the engine: theta by day, v by guide, fates innermost."""
        theta = self.starts["theta"] + np.arange(np.prod(self.shapes["theta"])).reshape(self.shapes["theta"])[gene].T
        v = self.starts["v"] + np.arange(np.prod(self.shapes["v"])).reshape(self.shapes["v"])[screen.guide_gene == gene]
        return np.concatenate([theta.ravel(), v.ravel()])


def dense_model(screen: Screen, settings: Settings, theta_precision: np.ndarray, sigma_guide, weight) -> Dense:
    """theta_precision [F, D, D]: of a gene's theta over days; sigma_guide [F]; weight: by day [D]."""
    l, g, f, d, r, n = (
        screen.n_genes,
        screen.n_guides,
        screen.n_fates - 1,
        screen.n_days,
        screen.n_replicates,
        screen.n_cells,
    )
    shapes = {"theta": (l, f, d), "v": (g, f), "alpha": (f, d), "b": (f, r), "gamma": (f,)}
    samples = sorted(set(zip(screen.day.tolist(), screen.replicate.tolist())))
    several = r > 1 and len({replicate for _, replicate in samples}) < len(samples)  # some replicate has two days
    shapes |= {"gamma_day": (f, d)} if settings.burden_by_day else {}
    shapes |= {"sample": (f, len(samples))} if settings.sample_effects and several else {}
    shapes |= {"covariate": (f, screen.n_covariates)} if screen.covariate_names else {}
    sizes = [int(np.prod(shape)) for shape in shapes.values()]
    starts = dict(zip(shapes, np.cumsum([0, *sizes[:-1]]).tolist()))
    at = {name: starts[name] + np.arange(size).reshape(shapes[name]) for name, size in zip(shapes, sizes)}
    design, precision = np.zeros((n, f, sum(sizes))), np.zeros((sum(sizes), sum(sizes)))
    sd = {"alpha": settings.s_alpha, "b": settings.s_rep, "gamma": settings.s_gamma}
    sd |= {"gamma_day": settings.s_gamma_day, "sample": settings.s_sample, "covariate": settings.s_covariate}
    for k in range(f):
        for name in at.keys() & sd.keys():
            precision[at[name][k], at[name][k]] = sd[name] ** -2.0
        precision[at["v"][:, k], at["v"][:, k]] = sigma_guide[k] ** -2.0
        for gene in range(l):
            precision[np.ix_(at["theta"][gene, k], at["theta"][gene, k])] = theta_precision[k]
        for i in range(n):
            day = screen.day[i]
            design[i, k, at["alpha"][k, day]] = 1
            design[i, k, at["b"][k, screen.replicate[i]]] = 1
            design[i, k, at["gamma"][k]] = screen.burden_centered[i]
            if "gamma_day" in at:
                design[i, k, at["gamma_day"][k, day]] = screen.burden_centered[i]
            if "sample" in at:
                design[i, k, at["sample"][k, samples.index((day, screen.replicate[i]))]] = 1
            if "covariate" in at:
                design[i, k, at["covariate"][k]] = screen.covariates[i]
            for guide in screen.guide_idx[screen.guide_ptr[i] : screen.guide_ptr[i + 1]]:
                gene = screen.guide_gene[guide]
                own = np.flatnonzero(screen.guide_gene == gene)
                design[i, k, at["theta"][gene, k, day]] += 1
                design[i, k, at["v"][guide, k]] += 1
                design[i, k, at["v"][own, k]] -= 1 / len(own)
    return Dense(design, precision, screen.fate_probs[:, 1:], np.asarray(weight)[screen.day], starts, shapes)


def random_walk_precision(tau, sigma_time) -> np.ndarray:
    """Precision [F, D, D] of theta over days: the inverse of the covariance of a random walk."""
    out = []
    for start, steps in zip(tau, sigma_time):
        path = np.tril(np.ones((len(steps) + 1, len(steps) + 1)))
        out.append(np.linalg.inv(path @ np.diag(np.r_[start, steps] ** 2.0) @ path.T))
    return np.stack(out)


def curvature_of(
    screen: Screen, prior="random_walk", weight=20.0, seed=0
) -> tuple[torch.Tensor, Curvature, torch.Tensor]:
    """A random x, the engine's curvature there, and A as the dense matrix that its products with unit vectors make."""
    settings = Settings.from_mapping()
    priors, design = Priors.of(settings), build_design(screen, terms=Terms.of(settings))
    generator = torch.Generator().manual_seed(seed)
    x = 0.3 * torch.randn(design.n_effects, generator=generator, dtype=torch.float64)
    scales = torch.full((design.n_days + 1, design.n_logits), 0.25, dtype=torch.float64)
    if prior == "random_walk":
        prior = random_walk_prior(design, scales, priors)
    else:
        prior = fixed_effect_prior(design, scales[-1], priors)
    cells = torch.full((design.n_cells,), weight, dtype=torch.float64)
    curvature = curvature_at(design, prior, design.likelihood.mean(design.forward(x)), cells)
    return x, curvature, curvature.times(torch.eye(design.n_effects, dtype=torch.float64))

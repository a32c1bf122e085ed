"""Posterior summaries from draws, gene block by gene block, so that memory does not grow with the screen.

Both engines hand over `EffectBlock`s: joint draws of theta and delta for a run of genes. beta is
formed draw by draw; its SD is never composed from theta's and delta's. SDs are population SDs.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..base import QUIET, Run, Settings, made_ahead
from ..screens import Screen
from .effects import delta_from_raw, theta_from_raw

SET_SEED = 10_007  # between the seeds of label sets
BLOCK_NUMBERS = 20_000_000  # numbers of the largest array of a block of genes (beta's draws)


@dataclass(frozen=True, kw_only=True)
class DrawPlan:
    """Draws from a posterior: how many, from which seed, and which are kept: "none", "contrast" or "all" fates.

    in_all: draws in all where these are of one label set of several.
    """

    number: int
    seed: int
    kept: str = "none"
    in_all: int = 0

    @classmethod
    def of(cls, settings: Settings) -> "DrawPlan":
        return cls(number=settings.num_posterior_draws, seed=settings.seed, kept=settings.save_draws)

    @property
    def beside(self) -> int:
        """Draws that a block of genes holds in the end."""
        return self.in_all or self.number

    def of_sets(self, n: int) -> "list[DrawPlan]":
        """The plan of each of n label sets: as many draws of each, from seeds of their own, as many as asked for or a
        few more in all.
        """
        number = -(-self.number // n)
        return [replace(self, number=number, seed=self.seed + SET_SEED * k, in_all=n * number) for k in range(n)]


@dataclass(frozen=True, kw_only=True)
class EffectBlock:
    """Joint draws for the genes `genes` and their guides `guides` (slices of the screen's order).

    theta: [S, l, F, D]; delta: [S, g, F]; S draws, F logits (the fates beside the reference), D days.
    """

    genes: slice
    guides: slice
    theta: np.ndarray
    delta: np.ndarray


@dataclass(frozen=True, kw_only=True)
class PosteriorSummary:
    """Posterior means and population SDs over draws. L genes, G guides, D days, F logits (fates beside the reference).

    Of the contrast: theta_mean, theta_sd [L, D]; theta_cov [L, D, D]; beta_mean, beta_sd [G, D];
    delta_mean, delta_sd [G]. Of every fate: theta_mean_all, theta_sd_all [L, F, D]; delta_mean_all, delta_sd_all
    [G, F]; theta_cov_all [L, D, F, D, F]; beta_mean_all [G, D, F], beta_cov_all [G, D, F, F], of each day by itself.
    theta_draws [S, L, (F,) D] and delta_draws [S, G(, F)]: draws kept, or None.
    """

    theta_mean: np.ndarray
    theta_sd: np.ndarray
    theta_cov: np.ndarray
    beta_mean: np.ndarray
    beta_sd: np.ndarray
    delta_mean: np.ndarray
    delta_sd: np.ndarray
    theta_mean_all: np.ndarray
    theta_sd_all: np.ndarray
    delta_mean_all: np.ndarray
    delta_sd_all: np.ndarray
    theta_cov_all: np.ndarray
    beta_mean_all: np.ndarray
    beta_cov_all: np.ndarray
    theta_draws: np.ndarray | None
    delta_draws: np.ndarray | None


def gene_slices(screen: Screen, num_draws: int) -> Iterator[tuple[slice, slice]]:
    """Runs of genes, with their guides, whose draws of beta hold BLOCK_NUMBERS numbers at most (one gene at least)."""
    per_guide = num_draws * screen.n_logits * screen.n_days
    most = max(BLOCK_NUMBERS // per_guide, 1)
    last = np.cumsum(screen.guides_per_gene)
    gene, guide = 0, 0
    while gene < screen.n_genes:
        end = max(int(np.searchsorted(last, guide + most, side="right")), gene + 1)
        yield slice(gene, end), slice(guide, int(last[end - 1]))
        gene, guide = end, int(last[end - 1])


def pooled_blocks(of_sets: Sequence[Iterator[EffectBlock]]) -> Iterator[EffectBlock]:
    """Draws of several label sets as draws of one posterior, the mixture of theirs: those of the first come first."""
    for blocks in zip(*of_sets, strict=True):
        yield replace(
            blocks[0], theta=np.concatenate([block.theta for block in blocks]),
            delta=np.concatenate([block.delta for block in blocks]),
        )  # fmt: skip


def blocks_from_raw(raw: Mapping[str, Tensor], screen: Screen, in_all: int = 0) -> Iterator[EffectBlock]:
    """Effects from draws of the model's raw parameters (first axis draw), block by block, in float64.

    in_all: see `DrawPlan`.
    """
    scales = {name: raw[name].double() for name in ("tau", "sigma_time", "sigma_guide")}
    guide_gene = torch.as_tensor(screen.guide_gene)
    counts = torch.as_tensor(screen.guides_per_gene)
    for genes, guides in gene_slices(screen, in_all or len(raw["tau"])):
        theta = theta_from_raw(
            raw["z0"][:, genes].double(), raw["eps"][:, genes].double(), scales["tau"], scales["sigma_time"]
        )
        own = guide_gene[guides] - genes.start
        delta = delta_from_raw(raw["u"][:, guides].double(), scales["sigma_guide"], own, counts[genes])
        yield EffectBlock(genes=genes, guides=guides, theta=theta.numpy(), delta=delta.numpy())


def summarise_draws(
    blocks: Iterable[EffectBlock], screen: Screen, contrast: np.ndarray, plan: DrawPlan, run: Run = QUIET
) -> PosteriorSummary:
    """Summaries of all genes and guides, of the contrast with these weights [F]; draws are kept as the plan says."""
    n_blocks = sum(1 for _ in gene_slices(screen, plan.beside))
    each = run.progress.each(made_ahead(blocks), "Posterior", n_blocks)
    parts = [{**_moments(block, screen), **_kept(block, contrast, plan.kept)} for block in each]
    joined: dict[str, Any] = {}
    for name in parts[0]:
        axis = 1 if name.endswith("_draws") else 0
        joined[name] = None if parts[0][name] is None else np.concatenate([part[name] for part in parts], axis=axis)
    delta_cov = joined.pop("delta_cov_all")
    return PosteriorSummary(
        theta_sd_all=_root(np.einsum("ldfdf->lfd", joined["theta_cov_all"])),
        delta_sd_all=_root(np.einsum("gff->gf", delta_cov)),
        **_of_contrast(joined, delta_cov, contrast), **joined,
    )  # fmt: skip


def _of_contrast(
    moments: Mapping[str, np.ndarray], delta_cov: np.ndarray, weights: np.ndarray
) -> dict[str, np.ndarray]:
    """The fields of the contrast, from moments of all fates over the same draws."""
    theta_cov = np.einsum("ldfeg,f,g->lde", moments["theta_cov_all"], weights, weights)
    return {
        "theta_mean": np.einsum("lfd,f->ld", moments["theta_mean_all"], weights),
        "theta_sd": _root(np.einsum("ldd->ld", theta_cov)), "theta_cov": theta_cov,
        "beta_mean": moments["beta_mean_all"] @ weights,
        "beta_sd": _root(np.einsum("gdfh,f,h->gd", moments["beta_cov_all"], weights, weights)),
        "delta_mean": moments["delta_mean_all"] @ weights,
        "delta_sd": _root(np.einsum("gfh,f,h->g", delta_cov, weights, weights)),
    }  # fmt: skip


def _root(variance: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


def _kept(block: EffectBlock, weights: np.ndarray, kept: str) -> dict[str, np.ndarray | None]:
    """The draws of a block that are kept."""
    if kept == "contrast":
        return {"theta_draws": np.einsum("slfd,f->sld", block.theta, weights), "delta_draws": block.delta @ weights}
    every = kept == "all"
    return {"theta_draws": block.theta if every else None, "delta_draws": block.delta if every else None}


def _moments(block: EffectBlock, screen: Screen) -> dict[str, np.ndarray]:
    """Means and covariances over draws, for all fates at once."""
    own = torch.as_tensor(screen.guide_gene[block.guides] - block.genes.start)
    theta, delta = torch.from_numpy(block.theta).transpose(2, 3), torch.from_numpy(block.delta)  # theta [S, l, D, F]
    theta_cov = _covariance(theta.flatten(2)).view(theta.shape[1], *theta.shape[2:], *theta.shape[2:])
    means, covariances = [], []
    for by_gene in theta.unbind(2):  # day by day, since draws of beta are many
        beta = by_gene.index_select(1, own) + delta
        means.append(beta.mean(0))
        covariances.append(_covariance(beta))
    found = {
        "theta_mean_all": theta.mean(0).transpose(1, 2), "theta_cov_all": theta_cov,
        "delta_mean_all": delta.mean(0), "delta_cov_all": _covariance(delta),
        "beta_mean_all": torch.stack(means, 1), "beta_cov_all": torch.stack(covariances, 1),
    }  # fmt: skip
    return {name: values.numpy() for name, values in found.items()}


def _covariance(draws: Tensor) -> Tensor:
    """Of the last axis, over draws [S, n, k]: [n, k, k]."""
    centred = (draws - draws.mean(0)).transpose(0, 1)
    return centred.transpose(1, 2) @ centred / len(draws)


def summarise_scales(raw: Mapping[str, Tensor]) -> dict[str, dict[str, Any]]:
    """Posterior mean and SD of tau [F], sigma_time [F, D - 1] and sigma_guide [F], as lists."""
    return {
        name: {"mean": raw[name].mean(0).tolist(), "sd": _sd(raw[name]).tolist()}
        for name in ("tau", "sigma_time", "sigma_guide")
    }


def _sd(draws: Tensor) -> Tensor:
    """Population SD over draws; of no parameter (sigma_time of one day) none."""
    return draws.std(0, correction=0) if draws.numel() else draws.new_empty(draws.shape[1:])

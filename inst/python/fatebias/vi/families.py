"""Families of approximate posteriors for SVI (Pyro calls them guides; here a guide is a CRISPR guide)."""

from collections.abc import Callable

import torch
from pyro.infer import Predictive
from pyro.infer.autoguide import AutoGuide, AutoLowRankMultivariateNormal, AutoNormal, init_to_value
from torch import Tensor

from ..model import Layout
from .structured import StructuredPosterior, StructuredStart
from .target import Target

ApproxPosterior = AutoGuide | StructuredPosterior
START_SCALE = 0.3  # where tau, sigma_time and sigma_guide of Pyro's own families start
_START_SD = 0.1  # SD of every unconstrained parameter of these at the start
_NUMBERS_AT_ONCE = 20_000_000  # in the precisions of the structured posterior's blocks, of the draws made together


def make_approx_posterior(
    family: str, model: Callable[..., None], layout: Layout, like: Tensor, start: StructuredStart | None
) -> ApproxPosterior:
    """An approximate posterior: "structured" from its start; "normal" (mean field) or "lowrank" from no effects.

    like: a tensor of the device and dtype of the fit.
    """
    if family == "structured":
        assert start is not None, "the structured posterior starts where engine laplace ended"
        return StructuredPosterior(start, like.dtype).to(like.device)
    families: dict[str, Callable[..., AutoGuide]] = {"normal": AutoNormal, "lowrank": AutoLowRankMultivariateNormal}
    begin = init_to_value(values=_no_effects(layout, like))
    return families[family](model, init_loc_fn=begin, init_scale=_START_SD)


def draw_sites(approx: ApproxPosterior, n_draws: int, target: Target) -> dict[str, Tensor]:
    """Draws of every site of the model, first axis draw, on the CPU."""
    with torch.no_grad():
        if isinstance(approx, StructuredPosterior):
            width = max(1, _NUMBERS_AT_ONCE // approx.numbers_a_draw)
            sizes = [min(width, n_draws - first) for first in range(0, n_draws, width)]
            parts = [{k: v.cpu() for k, v in approx.draw(size)[0].items()} for size in sizes]
            return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
        sampler = Predictive(approx, num_samples=n_draws, parallel=True)
        one = target.cells.take(torch.arange(1, device=target.cells.day.device))  # Pyro's families do not look at cells
        draws = sampler(one, *target.arguments)
    return {name: draws[name].cpu() for name in _no_effects(target.layout, target.cells.fate_probs)}


def _no_effects(layout: Layout, like: Tensor) -> dict[str, Tensor]:
    """Every site of the model: no effects, scales at START_SCALE."""
    f, d = layout.n_logits, layout.n_days
    zeros = {"alpha": (f, d), "b": (f, layout.n_replicates), "gamma": (f,),
             "z0": (layout.n_genes, f), "eps": (layout.n_genes, f, d - 1), "u": (layout.n_guides, f)}  # fmt: skip
    zeros |= {kind: (f, size) for kind, size in layout.extra.items()}
    scales = {"tau": (f,), "sigma_time": (f, d - 1), "sigma_guide": (f,)}
    return {name: like.new_zeros(shape) for name, shape in zeros.items()} | {
        name: like.new_full(shape, START_SCALE) for name, shape in scales.items()
    }

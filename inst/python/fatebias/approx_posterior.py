"""Families of approximate posteriors for SVI (Pyro calls them guides; here a guide is a CRISPR guide)."""

from collections.abc import Callable

import torch
from pyro.infer.autoguide import AutoGuide, AutoLowRankMultivariateNormal, AutoNormal, init_to_value

from .cells import Layout
from .errors import NotAvailableError

START_SCALE = 0.3  # where tau, sigma_time and sigma_guide start: half of a strong effect
_START_SD = 0.1  # SD of every unconstrained parameter at the start


def make_approx_posterior(family: str, model: Callable, layout: Layout, like: torch.Tensor) -> AutoGuide:
    """The approximate posterior of a family ("normal": mean field, "lowrank"), started at no effects.

    like: a tensor of the device and dtype of the fit.
    """
    families = {"normal": AutoNormal, "lowrank": AutoLowRankMultivariateNormal}
    if family not in families:
        raise NotAvailableError(f"`approx_posterior: {family}` is not available yet in this version of fatebias.")
    start = init_to_value(values=_no_effects(layout, like))
    return families[family](model, init_loc_fn=start, init_scale=_START_SD)


def _no_effects(layout: Layout, like: torch.Tensor) -> dict[str, torch.Tensor]:
    f, d = layout.n_fates, layout.n_days
    zeros = {"alpha": (f, d), "b": (f, layout.n_replicates), "gamma": (f,),
             "z0": (layout.n_genes, f), "eps": (layout.n_genes, f, d - 1), "u": (layout.n_guides, f)}
    scales = {"tau": (f,), "sigma_time": (f, d - 1), "sigma_guide": (f,)}
    return {name: like.new_zeros(shape) for name, shape in zeros.items()} | {
        name: like.new_full(shape, START_SCALE) for name, shape in scales.items()
    }

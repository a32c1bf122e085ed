"""The model of a screen: effects, the linear map from effects to cells, priors, the likelihood, its dispersion.

Written once, so that both engines and the simulator have the same model: `fate_model` is the Pyro model, while
`Design`, `Prior` and `Likelihood` are what engine laplace sees of it. A prior's constant, a derivative of the
likelihood or the order of genes in x stands here and nowhere else. Nothing here knows how a posterior is found; what
is made of its draws (`summarise_draws`) is here too, since both engines end in it.
"""

from .cells import Cells, Layout, Minibatches, steps_per_epoch, to_tensors
from .design import Design, GeneGroup, centred
from .design_build import build_design
from .design_part import design_of_rows
from .dispersion import (
    dispersion_at,
    final_dispersion,
    labels_by_day,
    next_weight,
    pearson_excess_by_day,
    start_weight,
)
from .draws import (
    DrawPlan,
    EffectBlock,
    PosteriorSummary,
    blocks_from_raw,
    gene_slices,
    pooled_blocks,
    summarise_draws,
    summarise_scales,
)
from .likelihood import SOFT_LABELS, Likelihood, likelihood_of
from .nuisance import NO_TERMS, Terms
from .pooling import shrink_over_days
from .prior import Prior, Priors, fixed_effect_prior, increments_of_block, random_walk_prior
from .pyro_model import fate_model
from .row_sums import entries_of
from .screen_order import ScreenOrder
from .shared_columns import SharedColumns

__all__ = [
    "Cells",
    "Design",
    "DrawPlan",
    "EffectBlock",
    "GeneGroup",
    "Layout",
    "Likelihood",
    "Minibatches",
    "NO_TERMS",
    "PosteriorSummary",
    "Prior",
    "Priors",
    "SOFT_LABELS",
    "ScreenOrder",
    "SharedColumns",
    "Terms",
    "blocks_from_raw",
    "build_design",
    "centred",
    "design_of_rows",
    "dispersion_at",
    "entries_of",
    "fate_model",
    "final_dispersion",
    "fixed_effect_prior",
    "gene_slices",
    "increments_of_block",
    "labels_by_day",
    "likelihood_of",
    "next_weight",
    "pearson_excess_by_day",
    "pooled_blocks",
    "random_walk_prior",
    "shrink_over_days",
    "start_weight",
    "steps_per_epoch",
    "summarise_draws",
    "summarise_scales",
    "to_tensors",
]

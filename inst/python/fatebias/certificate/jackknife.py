"""Block jackknife: SEs where like cells share noise, as labels smoothed over a graph do.

Blocks of like cells are left out in turn (Efron & Stein 1981; for dependent data Kunsch 1989, Ann. Stat. 17:1217). With
K blocks, se^2 = (K - 1) / K * sum over k of (theta_(k) - mean)^2. Noise shared within a block is counted whole, where
the model's SE takes cells as independent. It says nothing of effects that smoothing has made smaller.
"""

from typing import Any

import numpy as np
import torch

from ..base import ScreenError, Settings
from ..laplace import FixedEffects, estimated_theta, find_mode, sd_of
from .refit import reference_draws
from .source import Source
from .store import open_source
from .units import N_DRAWS

LEAST_BLOCKS = 10


def jackknife_blocks(screen_path: str, guide_map: str, settings: Settings, blocks: list[str]) -> dict[str, Any]:
    """SEs of the estimates by blocks of cells. blocks: a label for each cell of the file, left-out cells included.

    Returns gene, se [L, D] (the labels' part of the model's SE, to compare with), jackknife [L, D], n_blocks. Raises
    ScreenError for labels of another number than cells, or fewer than LEAST_BLOCKS blocks.
    """
    source, _ = open_source(screen_path, guide_map, settings)
    block = usable_blocks(source, blocks)
    contrast, options, effects = source.contrast, source.options, source.solved.effects
    by_labels, whole = (
        (reference_draws(source.solved, contrast, options.perturbations, N_DRAWS, labels_only=only) ** 2).mean(0)
        for only in (True, False)
    )
    return {
        "gene": source.screen.gene_names,
        "se": sd_of(source.estimates.noise) * np.sqrt(np.minimum(by_labels / whole, 1)),
        "jackknife": jackknife_se(source, effects, block),
        "n_blocks": int(block.max()) + 1,
    }


def jackknife_se(source: Source, effects: FixedEffects, block: np.ndarray) -> np.ndarray:
    """SEs [L, D] of the contrast of theta, blocks (0, 1, .. of each cell) left out in turn from the whole `effects`."""
    x, tolerances = effects.x, source.options.tolerances
    label = torch.as_tensor(block, device=x.device)
    found = []
    for k in range(int(block.max()) + 1):
        without = find_mode(effects.problem.weighted(label != k), x, tolerances)
        found.append(estimated_theta(source.solved, without.x.unsqueeze(1), source.contrast)[0])
    theta = np.stack(found)
    return np.asarray(np.sqrt((len(theta) - 1) * theta.var(0)))


def usable_blocks(source: Source, blocks: list[str]) -> np.ndarray:
    """Blocks of the screen's cells as numbers from 0."""
    n = source.cells.n_cells
    if len(blocks) != n:
        raise ScreenError(f"{source.where} has {n} cells, but there are {len(blocks)} labels of blocks.")
    names, block = np.unique(np.asarray(blocks, dtype=str)[source.usable], return_inverse=True)
    if len(names) < LEAST_BLOCKS:
        raise ScreenError(f"A jackknife needs {LEAST_BLOCKS} or more blocks of cells; there are {len(names)}.")
    return block

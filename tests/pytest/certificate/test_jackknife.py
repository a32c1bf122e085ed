"""Block jackknife: the model's SE where cells are independent, larger where blocks share noise."""

import dataclasses

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import screen_of, simulated

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.certificate.jackknife import jackknife_se, usable_blocks
from fatebias.certificate.refit import settle
from fatebias.certificate.units import Source
from fatebias.laplace import sd_of
from fatebias.laplace.options import LaplaceOptions
from fatebias.screens.screen import RawCells

# what a jackknife of labels can see: no guides or cultures but these
SETTINGS = Settings.from_mapping(
    {
        "inference": "laplace", "se": "model", "estimand": "guides", "likelihood_weight": "auto",
        "burden_by_day": False, "sample_effects": False,
    }
)  # fmt: skip


def source_of(screen) -> Source:
    baseline = settle(LaplaceOptions.of(SETTINGS).design(screen), LaplaceOptions.of(SETTINGS))
    return Source(cells=None, guide_map=None, screen=screen, settings=SETTINGS, baseline=baseline, where="simulation")


def median_ratio(source: Source, block: np.ndarray) -> float:
    noise = sd_of(source.estimates.noise)
    return float(np.median(jackknife_se(source, source.solved.effects, block) / noise))


def test_independent_cells_have_the_models_se_and_shared_noise_more():
    screen = screen_of(simulated(cells=2400, genes=8, seed=3, effects="none"))
    rng = np.random.default_rng(1)
    block = rng.permutation(screen.n_cells) % 40
    assert 0.8 < median_ratio(source_of(screen), block) < 1.2
    # blocks of cells that carry the same guides and share their noise
    gene = np.full(screen.n_cells, -1)
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    gene[cell] = screen.guide_gene[screen.guide_idx]
    together = (gene + 1) * 8 + rng.integers(8, size=screen.n_cells)
    _, together = np.unique(together, return_inverse=True)
    logits = np.log(screen.fate_probs + 1e-9) + 0.4 * rng.normal(size=(together.max() + 1, screen.n_fates))[together]
    probs = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    noisy = source_of(dataclasses.replace(screen, fate_probs=probs))
    assert median_ratio(noisy, together) > 1.25 * median_ratio(noisy, block)


def test_blocks_are_of_the_files_cells_and_ten_or_more():
    guides, probs = sp.csr_matrix(np.array([[1, 0], [0, 0], [1, 1]] * 20)), np.full((60, 2), 0.5)
    cells = RawCells(
        guides=guides, guide_names=["a", "b"], day=["d0"] * 60, replicate=["r1"] * 60, fates=("x", "y"),
        fate_probs=probs,
    )  # fmt: skip
    source = Source(cells=cells, guide_map=None, screen=None, settings=SETTINGS, baseline=None, where="here")
    names = [f"b{k // 3}" for k in range(60)]
    block = usable_blocks(source, names)
    assert len(block) == 40 and block.max() == 19 and block[0] == block[1]
    probs[[0, 2]] = np.nan  # both usable cells of the first block: the others stay in line with the screen's cells
    kept = [name for i, name in enumerate(names) if i % 3 != 1][2:]
    assert usable_blocks(source, names).tolist() == [sorted(set(kept)).index(name) for name in kept]
    with pytest.raises(ScreenError, match="60 cells, but there are 59"):
        usable_blocks(source, names[:-1])
    with pytest.raises(ScreenError, match="10 or more"):
        usable_blocks(source, ["a", "b"] * 30)

"""The estimate of a fit's memory, and what is made of it."""

from dataclasses import replace

import numpy as np
import pytest

from fatebias.base.errors import MemoryLimitError
from fatebias.base.memory import MemoryLimit
from fatebias.base.settings import Settings
from fatebias.preflight.memory import ScreenSize, fit_memory, refuse_large_fit

GB = 2**30
GENOME = ScreenSize(
    cells=500_000, entries=3_000_000, per_gene=np.full(18_000, 4), days=4, replicates=2, fates=3, file_cells=500_000,
    file_entries=3_200_000,
)  # fmt: skip


def bigger(**changes):
    return ScreenSize(**vars(GENOME) | changes)


def test_thirty_fates_of_a_genome_need_tens_of_gb():
    needs = fit_memory(bigger(fates=30), Settings.from_mapping({"inference": "laplace"}))
    archive = 8 * 18_000 * (4 * 29) ** 2 * 3  # noise, model and posterior of the archive, without replicates
    assert needs.peak > archive > 5 * GB and needs.peak > 40 * GB
    with pytest.raises(MemoryLimitError, match="lower the number of fates, genes or days"):
        refuse_large_fit(needs, MemoryLimit(bytes=24 * GB, whose="this machine"))


@pytest.mark.parametrize(
    ("given", "size", "lower"),
    [
        ({"num_posterior_draws": 100_000, "save_draws": "all"}, GENOME, "num_posterior_draws"),
        ({"num_posterior_draws": 100_000, "inference": "svi"}, GENOME, "num_posterior_draws"),
        ({}, bigger(days=300), "days"),
        ({}, bigger(cells=10**10, entries=10**10, file_cells=10**10), "cells"),
        ({}, bigger(cells=10**9, entries=10**8, per_gene=np.full(9, 4), joined=(9_000, 9_000)), "the number of cells"),
    ],
)
def test_the_refusal_names_what_drives_the_need(given, size, lower):
    needs = fit_memory(size, Settings.from_mapping(given))
    with pytest.raises(MemoryLimitError, match=f"The fit needs about .* this machine has 24 GB.*{lower}"):
        refuse_large_fit(needs, MemoryLimit(bytes=24 * GB, whose="this machine"))


def test_cells_that_are_one_row_need_less():
    settings, few = Settings.from_mapping({"inference": "laplace"}), bigger(cells=10**7, per_gene=np.full(500, 4))
    alone, joined = (fit_memory(replace(few, joined=one), settings).peak for one in (None, (300_000, 400_000)))
    assert joined < alone / 1.5
    with_cells = [
        fit_memory(replace(few, cells=n, joined=(300_000, 400_000)), settings).peak for n in (10**7, 2 * 10**7)
    ]
    assert with_cells[1] - with_cells[0] > 8 * 10**7 * few.fates  # all cells' probabilities are still held


def test_host_and_gpu_are_held_against_their_own_memory():
    needs, much = fit_memory(GENOME, Settings.from_mapping()), MemoryLimit(bytes=1000 * GB, whose="this machine")
    (on_host, _), (on_gpu, _) = needs.beside(much, MemoryLimit(bytes=GB, whose="the GPU"))
    cells = 8 * GENOME.cells * GENOME.fates  # their probabilities, in the process alone
    assert on_host.largest.name != on_gpu.largest.name and on_host.peak > cells
    for host, gpu, whose in ((GB, 1000 * GB, "this machine"), (1000 * GB, GB, "the GPU")):
        limits = MemoryLimit(bytes=host, whose="this machine"), MemoryLimit(bytes=gpu, whose="the GPU")
        with pytest.raises(MemoryLimitError, match=f"{whose} has 1 GB"):
            refuse_large_fit(needs, *limits)
    enough = MemoryLimit(bytes=2 * max(on_host.peak, on_gpu.peak), whose="each")
    refuse_large_fit(needs, enough, enough)
    assert needs.peak > max(on_host.peak, on_gpu.peak)

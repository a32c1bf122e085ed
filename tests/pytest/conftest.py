"""Screens that several tests use."""

import gzip
import os
import signal
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small problems; and two test runs side by side do not fight for cores

import anndata
import measure
import numpy as np
import pytest

from fatebias.base.settings import Settings
from fatebias.screens.screen import Screen
from fatebias.simulation import Arguments, Simulation, simulate

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a shell; processes inherit it
    signal.signal(signal.SIGINT, signal.default_int_handler)

DATA = Path(__file__).parents[1] / "data"

if hasattr(anndata.settings, "disallow_forward_slash_in_h5ad"):  # of 0.13; tests write single entries by their path
    anndata.settings.disallow_forward_slash_in_h5ad = False


def simulated(**arguments) -> Simulation:
    """A simulation that is small unless told otherwise."""
    pytest.importorskip("torch", reason="labels are drawn by the model, which needs torch")
    small = {"cells": 600, "genes": 6, "guides_per_gene": 4, "ntc": 4, "moi": 3.0, "days": 3, "concentration": 20.0}
    return simulate(Arguments.from_mapping(small | arguments))


def screen_of(sim: Simulation, settings: Settings | None = None) -> Screen:
    """The screen that reading the simulation's file would give, without the file."""
    return measure.screen_of(sim, settings or Settings.from_mapping())


def labels(prefix: str, codes: np.ndarray) -> np.ndarray:
    return np.array([f"{prefix}{code}" for code in codes], dtype=object)


@pytest.fixture(scope="session")
def small_sim() -> Simulation:
    return simulated()


@pytest.fixture(scope="session")
def small_screen(small_sim) -> Screen:
    return screen_of(small_sim)


def write_cellranger(folder: Path, umis: np.ndarray, cells: list[str]) -> Path:
    """A folder as Cell Ranger writes it: umis [cells, guides], and three genes in between and around the guides."""
    n_cells, n_guides = umis.shape
    genes = np.tile([[2], [0], [1]], n_cells)
    rows = [*umis.T[:1], *genes[:2], *umis.T[1:], *genes[2:]]
    guides = [f"g{j + 1}\tname{j + 1}\tCRISPR Guide Capture" for j in range(n_guides)]
    gene_names = [f"ENSG{j}\tGENE{j}\tGene Expression" for j in (1, 2, 3)]
    features = [*guides[:1], *gene_names[:2], *guides[1:], *gene_names[2:]]
    entries = [(i + 1, j + 1, rows[i][j]) for j in range(n_cells) for i in range(len(rows)) if rows[i][j]]
    size = f"{len(rows)} {n_cells} {len(entries)}"
    matrix = ["%%MatrixMarket matrix coordinate integer general", "%metadata_json: {}", size]
    folder.mkdir()
    contents = {
        "matrix.mtx": matrix + [f"{i} {j} {n}" for i, j, n in entries],
        "features.tsv": features,
        "barcodes.tsv": cells,
    }
    for name, lines in contents.items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(("\n".join(lines) + "\n").encode()))
    return folder

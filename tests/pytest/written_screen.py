"""A small screen written in many ways, and what of two Screens differs."""

import dataclasses
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import zarr
from anndata.io import write_elem

from fatebias.base.settings import Settings
from fatebias.screens.reader import read_screen

CELLS, FATES = 90, ("EC", "MES", "NEU")
GUIDES = [f"GENE{k}_sg{j}" for k in range(1, 6) for j in (1, 2)] + ["NTC_sg1", "NTC_sg2"]
NAMES = [f"cell{i}" for i in range(CELLS)]


def guide_map(folder: Path) -> Path:
    genes = [name.split("_")[0] for name in GUIDES]
    table = pd.DataFrame({"guide_name": GUIDES, "gene_name": genes, "is_ntc": [int(gene == "NTC") for gene in genes]})
    table.to_csv(folder / "map.csv", index=False)
    return folder / "map.csv"


def parts() -> dict:
    """Days, replicates, presence and probabilities of the screen, as numpy."""
    rng = np.random.default_rng(5)
    presence = (rng.random((CELLS, len(GUIDES))) < 0.25).astype(np.int8)
    presence[np.arange(CELLS), rng.integers(0, len(GUIDES), CELLS)] = 1
    return {
        "day": np.array([f"d{i % 3}" for i in range(CELLS)]),
        "rep": np.array([f"r{(i // 3) % 2}" for i in range(CELLS)]),
        "presence": presence,
        "probs": rng.dirichlet(np.ones(3), CELLS),
    }


def screen() -> anndata.AnnData:
    """The screen in the default layout."""
    p, index = parts(), pd.Index(NAMES)
    return anndata.AnnData(
        X=sp.csr_matrix((CELLS, 2), dtype=np.float32),
        obs=pd.DataFrame({"day": pd.Categorical(p["day"])}, index=index),
        obsm={
            "covar": pd.DataFrame({"rep": pd.Categorical(p["rep"])}, index=index),
            "guide": sp.csr_matrix(p["presence"]),
            "fateprob": pd.DataFrame(p["probs"], columns=list(FATES), index=index),
        },
        uns={"guide_names": np.array(GUIDES, dtype=object)},
    )


def open_zarr(path, version=2):
    """A new store of a format; skips where the anndata and zarr of this environment cannot write it."""
    is_2 = zarr.__version__.startswith("2.")
    try:
        if is_2 and version != 2:
            raise ValueError("zarr 2 knows its own format only")
        root = zarr.open_group(str(path), mode="w", **({} if is_2 else {"zarr_format": version}))
        write_elem(root, "texts", np.array(["a"], dtype=object))
        del root["texts"]
    except (TypeError, ValueError) as error:
        pytest.skip(f"anndata {anndata.__version__} and zarr {zarr.__version__} write no format {version}: {error}")
    return root


def write_zarr(path, version):
    root = open_zarr(path, version)
    write_elem(root, "/", screen())


MUDATA = {
    "modality": "gene", "guide_modality": "guide", "guide_key": "layers/guide_assignment", "covar_key": None,
    "rep_key": "batch",
}  # fmt: skip


def write_mudata(root, guides_of=None, day_in_all=False):
    """MuData as IGVF lays it out: genes with the fates, guides with counts and their assignment, obs of all.

    guides_of: rows of the cells that the modality of the guides has, in its order.
    """
    p, rows = parts(), np.arange(CELLS) if guides_of is None else guides_of
    obs = pd.DataFrame({"batch": pd.Categorical(p["rep"])}, index=NAMES)
    if not day_in_all:
        obs["day"] = pd.Categorical(p["day"])
    gene = anndata.AnnData(X=sp.csr_matrix((CELLS, 3)), obs=obs, obsm={"fateprob": screen().obsm["fateprob"]})
    guide = anndata.AnnData(
        X=sp.csr_matrix(p["presence"][rows] * 7), obs=pd.DataFrame(index=[NAMES[row] for row in rows]),
        var=pd.DataFrame({"intended_target_name": [name.split("_")[0] for name in GUIDES]}, index=GUIDES),
        layers={"guide_assignment": sp.csr_matrix(p["presence"][rows])},
    )  # fmt: skip
    modalities = root.require_group("mod")
    write_elem(modalities, "gene", gene)
    write_elem(modalities, "guide", guide)
    backwards = np.arange(CELLS)[::-1]
    write_elem(root, "obs", pd.DataFrame({"day": p["day"][backwards]}, index=[NAMES[row] for row in backwards]))
    masks = {"gene": np.ones((CELLS, 1), dtype=bool), "guide": np.ones((CELLS, 1), dtype=bool)}
    write_elem(root, "obsm", masks)  # as mudata does


def read(path: Path, **settings):
    return read_screen(path, guide_map(path.parent), Settings.from_mapping(settings))


def differences(one, other, tolerance: float = 1e-12) -> list[str]:
    """Names of the fields in which two Screens differ."""
    found = []
    for field in dataclasses.fields(one):
        if field.name in ("doubts", "label_sets"):  # told of the file, and its keys: not of the screen
            continue
        a, b = getattr(one, field.name), getattr(other, field.name)
        if isinstance(a, np.ndarray):
            alike = a.shape == b.shape and np.allclose(a, b, rtol=0, atol=tolerance)
        else:
            alike = a == b
        if not alike:
            found.append(field.name)
    return found

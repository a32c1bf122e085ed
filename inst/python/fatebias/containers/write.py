"""A screen written as an .h5ad file, in the default layout of the settings."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import anndata
import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp
from anndata.io import write_elem

from ..base import ScreenError, whole_file


def write_screen(
    path: str | Path,
    guides: sp.csr_matrix | sp.csc_matrix,
    guide_names: Iterable[str],
    fate_probs: npt.ArrayLike,
    fates: Iterable[str],
    day: Iterable[object],
    replicate: Iterable[object],
    cell_names: Iterable[str] | None = None,
    covariates: pd.DataFrame | None = None,
    obs: Mapping[str, Iterable[object]] | None = None,
) -> None:
    """Write a screen in the default layout (keys day, covar/rep, guide, guide_names, fateprob), whole or not at all.

    guides: sparse cells x guides. fate_probs: array cells x fates, columns named by `fates`.
    day, replicate: one label a cell. cell_names: one unique name a cell, or None. covariates: further columns of
    covar, one row a cell, of numbers or texts; none may be called rep. obs: further labels of cells, by name.
    """
    n = guides.shape[0]
    index = pd.Index([f"cell{i}" for i in range(n)] if cell_names is None else list(map(str, cell_names)))
    covar = pd.DataFrame({"rep": pd.Categorical(list(map(str, replicate)))}, index=index)
    if covariates is not None:
        if "rep" in covariates:
            raise ScreenError("A covariate cannot be called rep: it is the column of the replicate. Rename it.")
        covar = covar.join(covariates.set_axis(index, axis=0))
    labels = {"day": day, **(obs or {})}
    adata = anndata.AnnData(
        X=sp.csr_matrix((n, 1)).astype(np.float32),
        obs=pd.DataFrame({name: pd.Categorical(list(map(str, of))) for name, of in labels.items()}, index=index),
        obsm={
            "covar": covar,
            "guide": sp.csr_matrix(guides, dtype=np.int8),
            "fateprob": pd.DataFrame(np.asarray(fate_probs, dtype=np.float64), columns=list(fates), index=index),
        },
        uns={"guide_names": np.asarray(list(map(str, guide_names)), dtype=object)},
    )
    with whole_file(Path(path)) as part, h5py.File(part, "w") as file:
        write_elem(file, "/", adata)

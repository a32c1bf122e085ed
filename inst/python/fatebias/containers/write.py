"""A screen written as an .h5ad file, in the default layout of the settings."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt
import pandas as pd
import scipy.sparse as sp

from ..base import ScreenError, row_word, whole_file, writing
from .lossy_disk import new_h5
from .ones import ones_of


def write_screen(
    path: str | Path,
    guides: sp.csr_matrix | sp.csc_matrix,
    guide_names: Iterable[str],
    fate_probs: npt.ArrayLike | Mapping[str, npt.ArrayLike],
    fates: Iterable[str],
    day: Iterable[object],
    replicate: Iterable[object],
    cell_names: Iterable[str] | None = None,
    covariates: pd.DataFrame | None = None,
    obs: Mapping[str, Iterable[object]] | None = None,
) -> None:
    """Write a screen in the default layout (keys day, covar/rep, guide, guide_names, fateprob), whole or not at all.

    guides: cells x guides, 0 and 1 (or bool), else ScreenError. fate_probs: array cells x fates, columns named by
    `fates`; or several label sets by their entry of obsm, in place of fateprob. day, replicate: one label a cell; the
    order that an ordered pd.Categorical declares is kept. cell_names: one unique name a cell, or None. covariates:
    further columns of covar, one row a cell, of numbers or texts; none may be called rep. obs: further labels of cells,
    by name. Numbers have checksums, so that damage is seen when they are read.
    """
    import anndata  # here: whoever only reads need not wait for it
    from anndata.experimental import write_dispatched

    n, guide_names = guides.shape[0], list(map(str, guide_names))
    names = [f"cell{i}" for i in range(n)] if cell_names is None else list(map(str, cell_names))
    presence, index = ones_of(guides, guide_names, names), pd.Index(names)
    covar = pd.DataFrame({"rep": _labels("replicate", replicate)}, index=index)
    if covariates is not None:
        if "rep" in covariates:
            raise ScreenError("A covariate cannot be called rep: it is the column of the replicate. Rename it.")
        covar = covar.join(covariates.set_axis(index, axis=0))
    labels = {"day": day, **(obs or {})}
    if isinstance(fate_probs, Mapping) and (taken := {"guide", "covar"} & fate_probs.keys()):
        called = " or ".join(sorted(taken))
        raise ScreenError(f"Fate probabilities cannot be called {called}: the screen has another entry of that name.")
    sets, names_of = (fate_probs if isinstance(fate_probs, Mapping) else {"fateprob": fate_probs}).items(), list(fates)
    adata = anndata.AnnData(
        X=sp.csr_matrix((n, 1)).astype(np.float32),
        obs=pd.DataFrame({name: _labels(name, of) for name, of in labels.items()}, index=index),
        obsm={
            "covar": covar,
            "guide": presence,
            **{key: pd.DataFrame(np.asarray(of, dtype=np.float64), columns=names_of, index=index) for key, of in sets},
        },
        uns={"guide_names": np.asarray(guide_names, dtype=object)},
    )
    with writing(Path(path)), whole_file(Path(path)) as part, new_h5(part) as file:
        write_dispatched(file, "/", adata, _write_guarded)


def _write_guarded(
    write: Callable[..., None],
    store: h5py.Group,
    key: str,
    elem: Any,
    *,
    dataset_kwargs: Mapping[str, Any],
    iospec: Any,
) -> None:
    """Write an entry, numbers with a checksum for each piece (HDF5's filter fletcher32)."""
    is_array = sp.issparse(elem) or (isinstance(elem, np.ndarray) and elem.ndim > 0)
    guarded = {"fletcher32": True} if is_array and elem.dtype.kind in "fiu" and elem.size else {}
    write(store, key, elem, dataset_kwargs=guarded)


def _labels(name: str, of: Iterable[object]) -> pd.Categorical:
    """Labels as texts, with the order of an ordered pd.Categorical; raises ScreenError where one is missing."""
    given = of if isinstance(of, pd.Categorical) else pd.Series(list(of), dtype=object)
    missing = np.flatnonzero(pd.isna(given))
    if len(missing):
        raise ScreenError(f"{name}: {len(missing)} cell(s) without a label, first {row_word(int(missing[0]))}.")
    if isinstance(given, pd.Categorical) and given.ordered:
        used = given.remove_unused_categories()
        return used.rename_categories(str)
    return pd.Categorical(list(map(str, given)))

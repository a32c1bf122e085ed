"""A screen and its fit as objects, made once for each file of tests."""

import warnings

import anndata
import pandas as pd
import pytest
from fitted_screen import DAYS, FATES, QUICK

import fatebias


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A screen whose days sort by time alone, and whose fates are numbers."""
    arguments = {"cells": 500, "genes": 5, "guides_per_gene": 3, "days": 2, "fate_names": "1,2,3"}
    files = fatebias.simulate(tmp_path_factory.mktemp("screen"), **arguments)
    data = anndata.read_h5ad(files["screen"])
    for table in [data.obs, *(data.obsm[key] for key in data.obsm if isinstance(data.obsm[key], pd.DataFrame))]:
        for column in table.columns.intersection(["day"]):
            table[column] = table[column].astype(str).map(DAYS)
    data.write_h5ad(files["screen"])
    return files


@pytest.fixture(scope="module")
def screen(files):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fatebias.ScreenWarning)
        return fatebias.read_screen(files["screen"], files["guide_map"], **FATES)


@pytest.fixture(scope="module")
def fitted(screen, tmp_path_factory):
    return fatebias.fit(screen, out_dir=tmp_path_factory.mktemp("fit"), save_draws="all", **QUICK)

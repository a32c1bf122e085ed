"""Results in a copy of a screen's file: the numbers are those of the fit's files and of the ranking."""

import hashlib
import json
import shutil
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest

from fatebias.base.errors import ExportError
from fatebias.base.out_dir import MADE_FROM
from fatebias.results.annotate import annotate_screen
from fatebias.results.manifest import fit_id

EXAMPLE = Path(__file__).parents[3] / "inst" / "extdata" / "example_fit"
GUIDES = pd.read_csv(EXAMPLE / "qc_cells_by_guide.csv")
ESTIMATES = pd.read_csv(EXAMPLE / "guide_daywise_likelihood.csv").set_index("guide")
HITS = pd.DataFrame(
    {
        "gene": ["GENE00002", "GENE00001"],
        "hit_anyday": [True, False],
        "lfsr_min": [0.01, 0.4],
        "best_day": ["d2", "d0"],
        "postmean_d2": [0.5, np.nan],
        "top_guide": ["GENE00002_sg1", None],
        "robust": [None, True],
    }
)


@pytest.fixture
def fit(tmp_path) -> Path:
    """A folder of a fit with its ranking."""
    folder = tmp_path / "fit"
    shutil.copytree(EXAMPLE, folder)
    HITS.to_csv(folder / "hits_ranked.csv", index=False)
    listed(folder)
    return folder


def listed(folder: Path) -> None:
    """List the ranking as R lists what it writes."""
    data = (folder / "hits_ranked.csv").read_bytes()
    identity = fit_id(json.loads((folder / "fit_manifest.json").read_text()))
    entry = {"fit_id": identity, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / MADE_FROM).write_text(json.dumps({"hits_ranked.csv": entry}))


def screen_file(folder: Path, names) -> Path:
    path = folder / "in.h5ad"
    n = len(names)
    anndata.AnnData(X=np.ones((3, n), np.float32), var=pd.DataFrame(index=list(names))).write_h5ad(path)
    return path


def test_guides_of_var_have_the_numbers_of_the_fit(fit, tmp_path):
    names = GUIDES["guide"].sample(frac=1, random_state=0)
    place = annotate_screen(screen_file(tmp_path, names), fit, tmp_path / "out.h5ad")
    var = anndata.read_h5ad(tmp_path / "out.h5ad").var
    assert place == "var"
    by_guide = GUIDES.set_index("guide").loc[names]
    assert var["fatebias_gene"].tolist() == by_guide["gene"].fillna("").tolist()
    assert var["fatebias_is_control"].tolist() == by_guide["is_ntc"].astype(bool).tolist()
    assert var.index[var["fatebias_hit"]].tolist() == [name for name in names if name.startswith("GENE00002_")]
    for day in ("d0", "d3"):  # the labels of this fit are its numbers
        expected = ESTIMATES["betahat_" + day].reindex(names)
        np.testing.assert_array_equal(var["fatebias_estimate_" + day], expected)
    assert var.loc[var["fatebias_is_control"], "fatebias_se_d0"].isna().all()


def test_uns_has_ranking_settings_and_identity(fit, tmp_path):
    place = annotate_screen(
        screen_file(tmp_path, ["ACTB", "MYC"]), fit, tmp_path / "out.h5ad", about={"call_rule": "lfsr"}
    )
    found = anndata.read_h5ad(tmp_path / "out.h5ad").uns["fatebias"]
    assert place == "uns['fatebias']['guides']"
    assert found["guides"].index.tolist() == GUIDES["guide"].tolist()
    hits = found["hits"]
    assert hits.index.tolist() == ["GENE00002", "GENE00001"] and hits["hit_anyday"].tolist() == [True, False]
    np.testing.assert_array_equal(hits["postmean_d2"], [0.5, np.nan])
    assert hits["top_guide"].tolist() == ["GENE00002_sg1", ""]
    assert hits["robust"].isna().tolist() == [True, False]
    manifest = json.loads((fit / "fit_manifest.json").read_text())
    assert json.loads(found["settings"]) == manifest["settings"]
    assert found["fit"]["contrast"] == "MES" and found["fit"]["reference"] == "EC"
    assert found["fit"]["days"].tolist() == manifest["days"] and found["fit"]["call_rule"] == "lfsr"
    assert len(found["fit"]["id"]) == 16


def test_names_that_a_spreadsheet_would_run_are_themselves(fit, tmp_path):
    table = (fit / "hits_ranked.csv").read_text().replace("GENE00002_sg1", "'=A1")
    (fit / "hits_ranked.csv").write_text(table)
    listed(fit)
    annotate_screen(screen_file(tmp_path, ["x"]), fit, tmp_path / "out.h5ad")
    hits = anndata.read_h5ad(tmp_path / "out.h5ad").uns["fatebias"]["hits"]
    assert hits["top_guide"].tolist()[0] == "=A1"


def test_a_day_with_a_slash_is_stored(fit, tmp_path):
    hits = HITS.rename(columns={"postmean_d2": "postmean_1/2"})
    annotate_screen(screen_file(tmp_path, ["x"]), fit, tmp_path / "out.h5ad", hits)
    assert "postmean_1_2" in anndata.read_h5ad(tmp_path / "out.h5ad").uns["fatebias"]["hits"]


def test_without_a_ranking_and_with_another_fits_nothing_is_written(fit, tmp_path):
    path = screen_file(tmp_path, ["x"])
    other = HITS.assign(gene=["GENE00002", "NOBODY"])
    with pytest.raises(ExportError, match="NOBODY"):
        annotate_screen(path, fit, tmp_path / "out.h5ad", other)
    (fit / "hits_ranked.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ExportError, match="changed since R wrote it"):
        annotate_screen(path, fit, tmp_path / "out.h5ad")
    listed(fit)
    with pytest.raises(ExportError, match="is no ranking"):
        annotate_screen(path, fit, tmp_path / "out.h5ad")
    (fit / "hits_ranked.csv").unlink()
    with pytest.raises(ExportError, match="write_hits"):
        annotate_screen(path, fit, tmp_path / "out.h5ad")
    with pytest.raises(ExportError, match="not the folder of a finished fit"):
        annotate_screen(path, tmp_path, tmp_path / "out.h5ad")
    assert not (tmp_path / "out.h5ad").exists()


@pytest.mark.parametrize(
    ("hits", "said"),
    [
        (HITS.drop(columns=["gene", "hit_anyday"]), "lacks gene and hit_anyday"),
        (HITS.assign(gene="GENE00002"), "GENE00002 twice"),
        (HITS.assign(hit_anyday=[None, True]), "whether GENE00002 is a hit"),
        (HITS.assign(hit_anyday=["FALSE", "TRUE"]), "whether GENE00002 is a hit"),
    ],
)
def test_a_table_that_is_no_ranking_is_refused(fit, tmp_path, hits, said):
    with pytest.raises(ExportError, match=said):
        annotate_screen(screen_file(tmp_path, ["x"]), fit, tmp_path / "out.h5ad", hits)
    assert not (tmp_path / "out.h5ad").exists()

"""Guides from an AnnData of their own: X, a layer, a modality, features of several kinds; and what is refused."""

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from anndata.io import write_elem
from umi_counts import CELLS, UMI_COUNTS
from written_screen import open_zarr

from fatebias import r_api
from fatebias.__main__ import main
from fatebias.base.errors import ScreenError
from fatebias.screens.guide_anndata import read_guides_anndata
from fatebias.screens.guides import read_guides, read_samples

N, G = UMI_COUNTS.shape
GUIDES = [f"g{j + 1}" for j in range(G)]
CALLED = (UMI_COUNTS >= 5).astype(np.uint16)


def guides(**var):
    """Counts in X, and presence and posterior probabilities as layers."""
    layers = {"guide_assignment": sp.csr_matrix(CALLED), "posterior": np.where(CALLED, 0.97, 0.2)}
    index = pd.DataFrame(var, index=GUIDES)
    return anndata.AnnData(sp.csc_matrix(UMI_COUNTS), obs=pd.DataFrame(index=CELLS), var=index, layers=layers)


@pytest.fixture
def path(tmp_path):
    guides().write_h5ad(tmp_path / "guide.h5ad")
    return tmp_path / "guide.h5ad"


def same(counts, expected):
    assert list(counts.cells) == list(CELLS) and counts.guides == tuple(GUIDES)
    return np.array_equal(counts.counts.toarray(), expected)


def test_counts_in_x_and_presence_in_a_layer(path):
    counts = read_guides(path)
    assert same(counts, UMI_COUNTS) and not counts.present
    assert np.array_equal(counts.presence(5).toarray(), CALLED)
    called = read_guides(path, layer="guide_assignment")
    assert same(called, CALLED) and called.present
    assert np.array_equal(called.presence(5).toarray(), CALLED)  # no threshold of counts makes ones disappear


def test_a_modality_and_a_store(tmp_path):
    with h5py.File(tmp_path / "s.h5mu", "w") as file:
        write_elem(file, "mod/guide", guides())
        write_elem(file, "mod/gene", anndata.AnnData(np.zeros((N, 3)), obs=pd.DataFrame(index=CELLS)))
    assert same(read_guides(tmp_path / "s.h5mu", modality="guide"), UMI_COUNTS)
    with pytest.raises(ScreenError, match=r"modalities gene, guide: name that of the guides \(--guide-modality"):
        read_guides(tmp_path / "s.h5mu")
    for version in (2, 3):
        for name in (f"s{version}.zarr", f"store{version}"):
            write_elem(open_zarr(tmp_path / name, version), "/", guides())
            assert same(read_guides(tmp_path / name), UMI_COUNTS)


def test_probabilities_need_their_threshold(path):
    found = read_guides(path, layer="posterior", min_probability=0.8)
    assert same(found, CALLED) and found.present
    with pytest.raises(ScreenError, match="layer posterior holds probabilities, such as 0.*min_probability"):
        read_guides(path, layer="posterior")
    with pytest.raises(ScreenError, match="X must hold probabilities.*For counts set `min_umi`"):
        read_guides(path, min_probability=0.8)
    with pytest.raises(ScreenError, match="no guide has a probability of 0.99"):
        read_guides(path, layer="posterior", min_probability=0.99)


def test_expression_in_the_same_matrix_is_left_out(tmp_path):
    """As scanpy.read_10x_mtx(gex_only=False) gives it."""
    genes = anndata.AnnData(np.full((N, 2), 8), obs=pd.DataFrame(index=CELLS), var=pd.DataFrame(index=["ACTB", "MYC"]))
    genes.var["feature_types"] = "Gene Expression"
    of_guides = guides(feature_types="CRISPR Guide Capture")
    order = [0, *range(2, G + 2), 1]
    both = anndata.concat([genes, of_guides], axis=1)[:, order].copy()
    both.write_h5ad(tmp_path / "both.h5ad")
    assert same(read_guides(tmp_path / "both.h5ad"), UMI_COUNTS)
    with pytest.raises(ScreenError, match=r"no feature of the type 'Custom'; it has: .*Gene Expression \(2\)"):
        read_guides(tmp_path / "both.h5ad", feature_type="Custom")
    guides(feature_types="Custom").write_h5ad(tmp_path / "own.h5ad")
    assert same(read_guides(tmp_path / "own.h5ad"), UMI_COUNTS)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (np.nan, "negative or missing"),
        (np.inf, "no whole numbers, such as inf"),
        (-1, "negative or missing"),
        (2.5, "no whole numbers, such as 2.5"),
    ],
)
def test_what_are_no_counts_is_refused(tmp_path, value, words):
    bad = guides()
    dense = UMI_COUNTS.astype(float)
    dense[2, 1] = value
    bad.X = dense
    bad.write_h5ad(tmp_path / "bad.h5ad")
    with pytest.raises(ScreenError, match=words):
        read_guides(tmp_path / "bad.h5ad")


def test_entries_that_are_not_there_are_named(tmp_path, path):
    with pytest.raises(ScreenError, match="no layer calls; its layers are: guide_assignment, posterior"):
        read_guides(path, layer="calls")
    with pytest.raises(ScreenError, match="read as AnnData, for which there is no option names"):
        read_guides(path, names="id")
    with pytest.raises(ScreenError, match="no MuData. Leave `modality`"):
        read_guides(path, modality="guide")
    bare = guides()
    bare.X = None
    bare.write_h5ad(tmp_path / "bare.h5ad")
    with pytest.raises(ScreenError, match="has no X; its layers are: guide_assignment"):
        read_guides(tmp_path / "bare.h5ad")
    (tmp_path / "text.h5ad").write_text("cell,guide\n")
    with pytest.raises(ScreenError, match="is not an .h5ad"):
        read_guides(tmp_path / "text.h5ad")
    twice = guides()
    twice.var_names = ["g1"] * G
    twice.write_h5ad(tmp_path / "twice.h5ad")
    with pytest.raises(ScreenError, match=r"1 guide name\(s\) appear twice: g1"):
        read_guides_anndata(tmp_path / "twice.h5ad")


def test_samples_are_joined_and_r_gets_columns(path):
    joined = read_samples([path, path], ["d0", "d2"], "{sample}_{barcode}", layer="guide_assignment")
    assert joined.present and np.array_equal(joined.counts.toarray(), np.vstack([CALLED, CALLED]))
    found = r_api.read_guides_anndata(
        [str(path)], None, "", "guide_assignment", modality=None, min_probability=None, feature_type="Custom"
    )
    back = np.zeros((N, G))
    back[found["cell"], found["guide"]] = found["umi"]
    assert found["present"] and np.array_equal(back, CALLED) and list(found["cells"]) == list(CELLS)


def test_the_command_line_takes_cells_and_guides_of_one_mudata(tmp_path, capsys):
    """IGVF's layout, the day in the obs of all."""
    probs = np.random.default_rng(0).dirichlet(np.ones(3), N)
    obs = pd.DataFrame({"batch": ["r1"] * N}, index=CELLS)
    fates = pd.DataFrame(probs, index=CELLS, columns=["EC", "MES", "NEU"])
    gene = anndata.AnnData(np.zeros((N, 3)), obs=obs, obsm={"lineages_fwd": fates})
    backwards = np.random.default_rng(1).permutation(N)
    with h5py.File(tmp_path / "s.h5mu", "w") as file:
        write_elem(file, "mod/gene", gene)
        write_elem(file, "mod/guide", guides()[backwards].copy())
        write_elem(file, "obs", pd.DataFrame({"day": [f"d{i % 2}" for i in range(N)]}, index=CELLS))
        write_elem(file, "obsm", {})
    given = [str(tmp_path / "s.h5mu"), "--guides", str(tmp_path / "s.h5mu"), "--out", str(tmp_path / "out.h5ad")]
    more = ["--modality", "gene", "--guide-modality", "guide", "--layer", "guide_assignment", "--replicate", "batch"]
    main(["assemble", *given, *more])
    assert "Guides are given as present or absent" in capsys.readouterr().out
    written = anndata.read_h5ad(tmp_path / "out.h5ad")
    assert list(written.obs_names) == list(CELLS) and np.array_equal(written.obsm["guide"].toarray(), CALLED)
    assert np.array_equal(written.obsm["fateprob"], probs)
    assert list(written.obs["day"]) == [f"d{i % 2}" for i in range(N)]
    for wrong, said in ((given, "--guide-modality"), ([*given, *more[2:]], "as `modality`")):
        with pytest.raises(SystemExit):
            main(["assemble", *wrong])
        assert said in capsys.readouterr().err


def test_the_screen_is_not_written_over_its_guides(path, tmp_path, capsys):
    obsm = {"lineages_fwd": pd.DataFrame({"a": np.full(N, 0.5), "b": np.full(N, 0.5)}, index=CELLS)}
    cells = anndata.AnnData(obs=pd.DataFrame({"day": ["d0"] * N}, index=CELLS), obsm=obsm)
    write_elem(open_zarr(tmp_path / "cells.zarr"), "/", cells)
    before = path.read_bytes()
    with pytest.raises(SystemExit):
        main(["assemble", str(tmp_path / "cells.zarr"), "--guides", str(path), "--out", str(path)])
    assert "from which its guides are read" in capsys.readouterr().err and path.read_bytes() == before
    main(["assemble", str(tmp_path / "cells.zarr"), "--guides", str(path), "--out", str(tmp_path / "out.h5ad")])
    assert "UMIs >= 5" in capsys.readouterr().out
    assert np.array_equal(anndata.read_h5ad(tmp_path / "out.h5ad").obsm["guide"].toarray(), CALLED)

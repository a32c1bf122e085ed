"""Screens put together from what CellRank really saved (inst/extdata) and from guides made here."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from anndata.io import read_elem
from conftest import write_cellranger

from fatebias import bridge, r_api
from fatebias.__main__ import main
from fatebias.base.errors import ScreenError, ScreenWarning
from fatebias.base.settings import Settings
from fatebias.screens.assemble import assemble_screen
from fatebias.screens.cellranger import FEATURE_TYPE, read_cellranger
from fatebias.screens.guide_counts import GuideCounts
from fatebias.screens.guides import read_samples
from fatebias.screens.parts import read_fate_probs
from fatebias.screens.reader import read_screen

ROOT = Path(__file__).parents[3]
CELLRANK = ROOT / "inst/extdata/cellrank_pbmc68k.h5ad"
FATES = {"ref_fate": "CD19+ B", "contrast_fate": "Dendritic"}
GENES = ["A", "A", "B", "B", "NTC", "NTC"]


@pytest.fixture(scope="module")
def cells():
    return anndata.read_h5ad(CELLRANK)


@pytest.fixture(scope="module")
def umis(cells):
    """Counts of six guides in 650 of the cells, in another order, and in 50 cells that are not in the file."""
    rng = np.random.default_rng(2)
    names = [*rng.permutation(cells.obs_names)[:650], *(f"TTTTTTTTTT{i:02d}TT-1" for i in range(50))]
    return pd.DataFrame(rng.poisson(4, (700, 6)), index=names, columns=[f"g{j + 1}" for j in range(6)])


@pytest.fixture(scope="module")
def folder(tmp_path_factory, umis):
    return write_cellranger(tmp_path_factory.mktemp("cellranger") / "matrix", umis.to_numpy(), list(umis.index))


@pytest.fixture(scope="module")
def guide_map(tmp_path_factory, umis):
    path = tmp_path_factory.mktemp("map") / "map.csv"
    table = pd.DataFrame({"guide_name": umis.columns, "gene_name": GENES})
    table.assign(is_ntc=table.gene_name == "NTC").to_csv(path, index=False)
    return path


def test_label_sets_keep_their_keys_and_go_with_their_cells(tmp_path, cells, folder, guide_map):
    sets = cells.copy()
    first = pd.DataFrame(
        np.asarray(cells.obsm["lineages_fwd"]), cells.obs_names, list(cells.obs["term_states_fwd"].cat.categories)
    )
    sets.obsm["k30"], sets.obsm["k50"] = first, 0.9 * first[first.columns[::-1]] + 0.1 / 3
    source, out = tmp_path / "cells.h5ad", tmp_path / "screen.h5ad"
    sets.write_h5ad(source)
    assemble_screen(source, read_cellranger(folder), out, replicate="sample", min_umi=5, fate_probs=["k30", "k50"])
    written = anndata.read_h5ad(out)
    assert "fateprob" not in written.obsm and list(written.obsm["k50"].columns) == list(first.columns)
    for key in ("k30", "k50"):
        wanted = sets.obsm[key].loc[written.obs_names, first.columns]
        np.testing.assert_allclose(written.obsm[key].to_numpy(), wanted.to_numpy())
    screen = read_screen(out, guide_map, Settings.from_mapping(FATES | {"fate_prob_key": ["k30", "k50"]}))
    assert screen.n_sets == 2
    sets.obsm["k50"] = sets.obsm["k50"].rename(columns={"Dendritic": "DC"})
    sets.write_h5ad(source)
    with pytest.raises(ScreenError, match="label sets must have the same fates"):
        assemble_screen(source, read_cellranger(folder), out, fate_probs=["k30", "k50"])


def test_every_cell_gets_the_guides_and_the_fates_of_its_name(tmp_path, cells, umis, folder, guide_map):
    out = tmp_path / "screen.h5ad"
    report = assemble_screen(CELLRANK, read_cellranger(folder), out, replicate="sample", min_umi=5)
    assert report["n_cells"] == 650 and report["unmatched"] == {"cells": 50, "guides": 50}
    written = anndata.read_h5ad(out)
    there = cells[written.obs_names]
    assert list(written.obs_names) == [name for name in cells.obs_names if name in set(umis.index)]
    assert (written.obsm["guide"].toarray() == (umis.loc[written.obs_names] >= 5)).all(axis=None)
    assert list(written.obs["day"]) == list(there.obs["day"])
    assert list(written.obsm["covar"]["rep"]) == list(there.obs["sample"])
    assert list(written.obsm["fateprob"].columns) == list(cells.obs["term_states_fwd"].cat.categories)
    assert np.array_equal(written.obsm["fateprob"], there.obsm["lineages_fwd"])
    burden = (umis.loc[written.obs_names] >= 5).sum(axis=1)
    assert report["guides_per_cell"] == np.bincount(burden).tolist()
    screen = read_screen(out, guide_map, Settings.from_mapping(FATES))
    assert screen.n_cells == (burden > 0).sum() and screen.replicate_labels == ("s1", "s2")


def test_columns_of_the_cells_go_along(tmp_path, cells, folder, guide_map):
    depth = pd.Series(np.random.default_rng(0).poisson(5000, len(cells)), index=cells.obs_names)
    more, out = cells.copy(), tmp_path / "screen.h5ad"
    more.obs["depth"], more.obs["clone"] = depth, [f"clone{i // 4}" for i in range(len(cells))]
    more.write_h5ad(tmp_path / "cells.h5ad")
    assemble_screen(tmp_path / "cells.h5ad", read_cellranger(folder), out, covariates=["depth", "clone"])
    covar = anndata.read_h5ad(out).obsm["covar"]
    assert list(covar.columns) == ["rep", "depth", "clone"]
    assert covar["depth"].equals(depth[covar.index].astype(float).rename("depth"))
    settings = FATES | {"covariates": ["depth"], "cluster_key": "clone"}
    screen = read_screen(out, guide_map, Settings.from_mapping(settings))
    assert screen.covariate_names == ("depth",) and screen.n_clusters > 150
    with pytest.raises(ScreenError, match="no column lane in obs"):
        assemble_screen(CELLRANK, read_cellranger(folder), out, covariates=["lane"])


def test_what_cellrank_saved_has_names_that_mean_what_they_say(cells):
    """A terminal state's own cells go there."""
    names, probs = read_fate_probs(CELLRANK, "lineages_fwd")
    states = cells.obs["term_states_fwd"]
    assert len(names) == 3 and states.notna().sum() > 30
    for j, name in enumerate(names):
        assert probs[states == name, j].min() > 0.99
    assert cells.uns["cellrank"].startswith("2.")


def test_cellranks_file_is_a_screen_once_guides_and_replicates_are_in_it(tmp_path, cells, umis, guide_map):
    """read_screen() itself, without `fates`: names come from obs['term_states_fwd']."""
    whole = cells[[name for name in cells.obs_names if name in set(umis.index)]].copy()
    whole.obsm["guide"] = (umis.loc[whole.obs_names] >= 5).astype(int)
    whole.obsm["covar"] = whole.obs[["sample"]]
    whole.write_h5ad(tmp_path / "s.h5ad")
    keys = {"fate_prob_key": "lineages_fwd", "rep_key": "sample"}
    screen = read_screen(tmp_path / "s.h5ad", guide_map, Settings.from_mapping(FATES | keys))
    order = [list(cells.obs["term_states_fwd"].cat.categories).index(fate) for fate in screen.fates]
    carrying = (umis.loc[whole.obs_names] >= 5).any(axis=1).to_numpy()
    expected = whole.obsm["lineages_fwd"][carrying][:, order]
    assert np.allclose(screen.fate_probs, expected / expected.sum(axis=1, keepdims=True))
    swapped = list(cells.obs["term_states_fwd"].cat.categories)[::-1]
    with pytest.raises(ScreenError, match="terminal cells .* have probability 1 in others"):
        read_screen(tmp_path / "s.h5ad", guide_map, Settings.from_mapping(FATES | keys | {"fates": swapped}))
    del whole.uns["cellrank"]
    whole.obsm["lineages_fwd"] = np.full((len(whole), 2), 0.5)  # of which states, nothing tells
    whole.write_h5ad(tmp_path / "s.h5ad")
    with pytest.raises(ScreenError, match=r"2 columns, but obs\['term_states_fwd'\] has 3 names.*`keys`"):
        read_screen(tmp_path / "s.h5ad", guide_map, Settings.from_mapping(FATES | keys))


def test_names_are_those_that_terminal_cells_show(tmp_path, cells, folder):
    """As compute_fate_probabilities(keys=...) leaves the columns."""
    swapped, out = cells.copy(), tmp_path / "screen.h5ad"
    swapped.obsm["lineages_fwd"] = swapped.obsm["lineages_fwd"][:, [2, 0, 1]]
    del swapped.uns["cellrank"]
    swapped.write_h5ad(tmp_path / "cells.h5ad")
    with pytest.warns(ScreenWarning, match="in another order than the categories"):
        assemble_screen(tmp_path / "cells.h5ad", read_cellranger(folder), out, min_umi=5)
    written, states = anndata.read_h5ad(out), list(cells.obs["term_states_fwd"].cat.categories)
    assert np.array_equal(written.obsm["fateprob"][states], cells[written.obs_names].obsm["lineages_fwd"])


def palantir(cells, path, as_table):
    adata = anndata.AnnData(obs=cells.obs[["day"]])
    probs = pd.DataFrame({"B": np.linspace(0, 1, 700), "T": np.linspace(1, 0, 700)}, index=cells.obs_names)
    probs.iloc[3] = [0.0, 0.98]  # Palantir cuts small probabilities off
    adata.obsm["palantir_fate_probabilities"] = probs if as_table else probs.to_numpy()
    if not as_table:
        adata.uns["palantir_fate_probabilities_columns"] = np.array(["B", "T"], dtype=object)
    adata.write_h5ad(path)
    return probs


@pytest.mark.parametrize("as_table", [True, False])
def test_palantirs_probabilities_with_their_names(tmp_path, cells, umis, folder, as_table):
    probs = palantir(cells, tmp_path / "p.h5ad", as_table)
    guides = read_cellranger(folder)
    options = {"fate_probs": "palantir_fate_probabilities"}
    with pytest.raises(ScreenError, match=r"1 cell\(s\) whose fate probabilities do not sum to 1"):
        assemble_screen(tmp_path / "p.h5ad", guides, tmp_path / "s.h5ad", **options)
    assert not (tmp_path / "s.h5ad").exists()
    assemble_screen(tmp_path / "p.h5ad", guides, tmp_path / "s.h5ad", rescale=True, **options)
    written = anndata.read_h5ad(tmp_path / "s.h5ad")
    expected = probs.div(probs.sum(axis=1), axis=0).loc[written.obs_names]
    assert np.allclose(written.obsm["fateprob"], expected) and list(written.obsm["fateprob"].columns) == ["B", "T"]
    assert set(written.obsm["covar"]["rep"]) == {"r1"}


def test_a_table_of_probabilities_instead_of_the_files(tmp_path, cells, folder):
    table = pd.DataFrame(np.tile([0.25, 0.75], (700, 1)), index=cells.obs_names, columns=["x", "y"]).iloc[::-1]
    report = assemble_screen(CELLRANK, read_cellranger(folder), tmp_path / "s.h5ad", fate_probs=table.iloc[:600])
    assert report["fates"] == ["x", "y"] and report["n_cells"] < 600
    assert report["unmatched"]["fate_probs"] == 600 - report["n_cells"]


def test_names_without_a_cell_in_common_and_files_that_would_be_lost(tmp_path, cells, umis, folder):
    bare = read_cellranger(folder)
    stripped = GuideCounts(
        counts=bare.counts, guides=bare.guides, source="bare",
        cells=np.array([re.sub(r"-\d$", "", name) for name in bare.cells], dtype=object),
    )  # fmt: skip
    with pytest.raises(ScreenError, match=r"bare \(700\): .*\n.*use drop_suffix"):
        assemble_screen(CELLRANK, stripped, tmp_path / "s.h5ad")
    assert list(tmp_path.iterdir()) == []
    assert assemble_screen(CELLRANK, stripped, tmp_path / "s.h5ad", drop_suffix=True)["n_cells"] == 650
    shutil.copy(CELLRANK, tmp_path / "c.h5ad")
    with pytest.raises(ScreenError, match="name another file"):
        assemble_screen(tmp_path / "c.h5ad", bare, tmp_path / "c.h5ad")
    with pytest.raises(ScreenError, match=r"no obs\['time'\]; obs has: "):
        assemble_screen(CELLRANK, bare, tmp_path / "t.h5ad", day="time")


def test_parts_of_the_same_name_stay_apart(tmp_path, cells, folder):
    """Guides may come from a file that is called as the cells' file is."""
    bare = read_cellranger(folder)
    same = GuideCounts(counts=bare.counts, cells=bare.cells, guides=bare.guides, source=CELLRANK.name)
    report = assemble_screen(CELLRANK, same, tmp_path / "s.h5ad")
    assert report["n_cells"] == 650 and report["unmatched"] == {"cells": 50, "guides": 50}
    away = GuideCounts(counts=bare.counts[650:], cells=bare.cells[650:], guides=bare.guides, source=CELLRANK.name)
    with pytest.raises(ScreenError, match=rf"{CELLRANK.name} \(700\): .*\n{CELLRANK.name} \(50\): "):
        assemble_screen(CELLRANK, away, tmp_path / "t.h5ad")


def test_few_cells_in_common_warn(tmp_path, folder, cells):
    few = read_cellranger(folder)
    keep = np.arange(700) < 100
    part = GuideCounts(counts=few.counts[keep], cells=few.cells[keep], guides=few.guides, source="part")
    with pytest.warns(ScreenWarning, match="Only 100 of 700 cells"):
        assemble_screen(CELLRANK, part, tmp_path / "s.h5ad")


def test_samples_need_names(folder):
    assert read_samples([folder], None, "").guides == ("g1", "g2", "g3", "g4", "g5", "g6")
    joined = read_samples([folder, folder], ["d0", "d2"], "{sample}_{barcode}")
    assert joined.counts.shape == (1400, 6) and joined.cells[700].startswith("d2_")
    for samples in (None, ["d0", "d0"], ["d0"]):
        with pytest.raises(ScreenError, match="need a name each"):
            read_samples([folder, folder], samples, "{sample}_{barcode}")


def test_the_command_line_says_what_it_found(tmp_path, folder, umis, capsys):
    out = tmp_path / "screen.h5ad"
    main(["assemble", str(CELLRANK), "--guides", str(folder), "--out", str(out), "--replicate", "sample"])
    said = capsys.readouterr().out
    assert f"UMIs >= 5: {(umis >= 5).sum(axis=1).mean():.2f} guides a cell" in said
    assert "650 cells" in said and "cells 50, guides 50" in said and out.is_file()
    with pytest.raises(SystemExit):
        main(["assemble", str(CELLRANK), "--guides", str(folder), "--out", str(out), "--day", "time"])
    assert "Error (screen)" in capsys.readouterr().err
    table = tmp_path / "t.csv"
    table.write_text("cell,guide,umi\na,g,3\n")
    with pytest.raises(SystemExit):
        main(["assemble", str(CELLRANK), "--guides", str(table), "--out", str(out), "--feature-type", "X"])
    assert "no option feature_type" in capsys.readouterr().err


def test_the_command_line_reads_calls_and_posterior_probabilities(tmp_path, cells, capsys):
    names = list(cells.obs_names)
    calls = tmp_path / "calls.tsv"
    lists = [f"{name}\tg1;g2" if i % 2 else f"{name}\tNone" for i, name in enumerate(names)]
    calls.write_text("\n".join(["cell_barcode\tguides", *lists]))
    posterior = tmp_path / "posterior.csv"
    rows = [f"{name},{guide},{0.97 if i % 4 else 0.2}" for i, name in enumerate(names) for guide in ("g1", "g2")]
    posterior.write_text("\n".join(["cell,guide,p", *rows]))

    def burden(table, *options):
        out = tmp_path / "screen.h5ad"
        main(["assemble", str(CELLRANK), "--guides", str(table), "--out", str(out), *options])
        assert "UMIs" not in capsys.readouterr().out
        return np.bincount(np.asarray(anndata.read_h5ad(out).obsm["guide"].sum(axis=1)).ravel().astype(int)).tolist()

    assert burden(calls, "--columns", "cell_barcode", "guides") == [350, 0, 350]
    of_p = ("--columns", "cell", "guide", "p")
    assert burden(posterior, *of_p, "--min-probability", "0.9") == [175, 0, 525]
    for options, said in ((of_p, "--min-probability"), (("--columns", "cell"), "takes two or three names")):
        with pytest.raises(SystemExit):
            burden(posterior, *options)
        assert said in capsys.readouterr().err


def test_r_sends_parts_and_gets_columns(tmp_path, folder, umis, cells):
    asked = {"paths": [str(folder)], "samples": None, "cell_name": "", "feature_type": FEATURE_TYPE, "names": "id"}
    answer = json.loads(bridge.call("read_cellranger", json.dumps(asked)))["value"]
    back = np.zeros((700, 6))
    back[answer["cell"], answer["guide"]] = answer["umi"]
    assert np.array_equal(back, umis.loc[answer["cells"], answer["guides"]])
    assert answer["thresholds"][3]["cells_without_guide"] == int((umis < 5).all(axis=1).sum())
    table = {"cell": ["a", "a"], "guide": ["g", "h"], "n": [3, 8]}
    assert r_api.read_guide_table(table, cell="cell", guide="guide", umi="n")["umi"].tolist() == [3, 8]
    report = r_api.assemble_screen(
        h5ad=str(CELLRANK), out=str(tmp_path / "s.h5ad"), day="day", replicate=None, presence=umis.to_numpy() >= 5,
        guide_cells=list(umis.index), guide_names=list(umis.columns), fate_probs=None, fates=["x", "y"], rescale=False,
        drop_suffix=False, fate_table=np.tile([0.5, 0.5], (700, 1)), fate_cells=list(cells.obs_names),
    )  # fmt: skip
    assert report["fates"] == ["x", "y"] and report["n_cells"] == 650


def test_expression_is_not_read(tmp_path, folder):
    """An X whose pieces are broken is no hindrance."""
    import h5py

    path = tmp_path / "c.h5ad"
    shutil.copy(CELLRANK, path)
    with h5py.File(path, "r+") as file:
        if "X" in file:
            del file["X"]
        file.create_dataset("X", shape=(700, 30_000_000), dtype="f8", chunks=(1, 100_000), compression="gzip")
        assert read_elem(file["obs"]).shape[0] == 700
    assert assemble_screen(path, read_cellranger(folder), tmp_path / "s.h5ad")["n_cells"] == 650


@pytest.mark.skipif("FATEBIAS_CELLRANK_PYTHON" not in os.environ, reason="FATEBIAS_CELLRANK_PYTHON names no python")
def test_cellrank_run_anew_gives_the_example_of_the_package(tmp_path, cells):
    """A python with cellrank and scanpy makes the file again."""
    script = ROOT / "tools/make_cellrank_example.py"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [os.environ["FATEBIAS_CELLRANK_PYTHON"], str(script), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    names, probs = read_fate_probs(tmp_path / CELLRANK.name, "lineages_fwd")
    kept_names, kept = read_fate_probs(CELLRANK, "lineages_fwd")
    assert names == kept_names and np.abs(probs - kept).max() < 0.01
    for name in ("cellranger_guide_map.csv", "cellranger_guides/matrix.mtx.gz", "cellranger_guides/barcodes.tsv.gz"):
        assert (tmp_path / name).read_bytes() == (CELLRANK.parent / name).read_bytes()


def test_names_of_fates_that_the_file_contradicts_are_refused(tmp_path, cells):
    named = cells.copy()
    named.obsm["table"] = pd.DataFrame(
        np.asarray(cells.obsm["lineages_fwd"]), cells.obs_names, list(cells.obs["term_states_fwd"].cat.categories)
    )
    named.write_h5ad(tmp_path / "cells.h5ad")
    fates, _ = read_fate_probs(tmp_path / "cells.h5ad", "table")
    assert read_fate_probs(tmp_path / "cells.h5ad", "table", fates[::-1])[0] == fates
    for wrong in (fates[:-1], [*fates, fates[0]], [*fates[:-1], "other"]):
        with pytest.raises(ScreenError, match="but `fates` names .* Leave it out"):
            read_fate_probs(tmp_path / "cells.h5ad", "table", wrong)

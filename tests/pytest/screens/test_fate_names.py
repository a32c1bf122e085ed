"""Names of the columns of fate probabilities, on files as CellRank, Palantir and anndata.concat leave them."""

import warnings

import anndata
import numpy as np
import pandas as pd
import pytest
from conftest import DATA

from fatebias.base.errors import ScreenError, ScreenWarning
from fatebias.screens.parts import read_fate_probs

FATES = ["EC", "MES", "NEU"]
EXAMPLE = DATA.parents[1] / "inst" / "extdata" / "cellrank_pbmc68k.h5ad"


def lineages(columns=FATES, n=60, terminal=5, labelled=FATES, key="lineages_fwd", column="term_states_fwd"):
    """Cells with soft probabilities, and the first `terminal` of each of three states that are sure of it.

    columns: state of each column. labelled: states whose cells have their label. The true probabilities by state are
    in obs.
    """
    rng = np.random.default_rng(0)
    probs = pd.DataFrame(rng.dirichlet(np.full(3, 5.0), n), columns=FATES, index=[f"c{i}" for i in range(n)])
    label = np.full(n, None, dtype=object)
    for j, state in enumerate(FATES):
        rows = slice(j * terminal, (j + 1) * terminal)
        probs.iloc[rows] = np.eye(3)[j]
        label[rows] = state if state in labelled else None
    obs = probs.add_prefix("true_").assign(**{column: pd.Categorical(label)})
    return anndata.AnnData(obs=obs, obsm={key: probs[list(columns)].to_numpy(copy=True)})


def read(tmp_path, adata, key="lineages_fwd", **more):
    adata.write_h5ad(tmp_path / "f.h5ad")
    names, probs = read_fate_probs(tmp_path / "f.h5ad", key, **more)
    return pd.DataFrame(probs, columns=names, index=adata.obs_names)


def is_right(found, adata):
    return all(np.allclose(found[name], adata.obs[f"true_{name}"]) for name in FATES)


KEYS = [
    ("lineages_fwd", "term_states_fwd"),
    ("lineages_bwd", "term_states_bwd"),
    ("to_terminal_states", "terminal_states"),
    ("from_initial_states", "initial_states"),
    ("lineages_fwd_d4", "term_states_fwd_d4"),
]


@pytest.mark.parametrize(("key", "column"), KEYS)
def test_terminal_cells_name_columns_that_stand_in_another_order(tmp_path, key, column):
    adata = lineages(["NEU", "EC", "MES"], key=key, column=column)
    with pytest.warns(ScreenWarning, match=rf"NEU, EC, MES, in another order than the categories of obs\['{column}'\]"):
        found = read(tmp_path, adata, key)
    assert list(found) == ["NEU", "EC", "MES"] and is_right(found, adata)


@pytest.mark.parametrize(("key", "column"), KEYS)
@pytest.mark.filterwarnings("error::fatebias.base.errors.ScreenWarning")
def test_columns_in_the_order_of_the_categories_need_no_word(tmp_path, key, column):
    adata = lineages(key=key, column=column)
    assert is_right(read(tmp_path, adata, key), adata)


@pytest.mark.filterwarnings("error::fatebias.base.errors.ScreenWarning")
def test_what_cellrank_wrote_is_confirmed_and_its_macrostates_do_not_matter(tmp_path):
    adata = anndata.read_h5ad(EXAMPLE)
    adata.obs["macrostates_fwd"] = adata.obs["term_states_fwd"].cat.rename_categories(["3", "1", "2"])
    assert list(read(tmp_path, adata)) == list(adata.obs["term_states_fwd"].cat.categories)


def test_one_terminal_cell_a_state_tells_and_rows_of_nan_do_not(tmp_path):
    adata = lineages(["MES", "NEU", "EC"], terminal=2)
    adata.obsm["lineages_fwd"][[0, 2, 4]] = np.nan
    with pytest.warns(ScreenWarning, match="from the 3 terminal cells"):
        assert list(read(tmp_path, adata)) == ["MES", "NEU", "EC"]


def test_some_of_the_states_are_columns(tmp_path):
    """compute_fate_probabilities(keys=["NEU", "EC"]): the cells of MES are as others."""
    adata = lineages()
    soft = np.linspace(0.1, 0.9, adata.n_obs)
    probs = np.column_stack([soft, 1 - soft])
    probs[:5], probs[10:15] = [0, 1], [1, 0]
    adata.obsm["lineages_fwd"] = probs
    with pytest.warns(ScreenWarning, match="NEU, EC, in another order"):
        assert list(read(tmp_path, adata)) == ["NEU", "EC"]


@pytest.mark.parametrize("missing", ["nan", "NaN", ""])
def test_the_text_of_a_missing_label_is_no_state(tmp_path, missing):
    adata = lineages()
    texts = adata.obs["term_states_fwd"].astype(object).fillna(missing).astype(str)
    adata.obs["term_states_fwd"] = pd.Categorical(texts)
    assert is_right(read(tmp_path, adata), adata)


def joined(as_tables):
    parts = [lineages(), lineages(FATES[::-1])]
    parts[1].obs["term_states_fwd"] = parts[1].obs["term_states_fwd"].cat.reorder_categories(FATES[::-1])
    for part, names in zip(parts, (FATES, FATES[::-1])):
        part.obs_names = [f"{names[0]}_{name}" for name in part.obs_names]
        if as_tables:  # the remedy in the message
            part.obsm["lineages_fwd"] = pd.DataFrame(part.obsm["lineages_fwd"], index=part.obs_names, columns=names)
    return anndata.concat(parts)


@pytest.mark.parametrize("given", [None, FATES, ["x", "y", "z"]])
def test_files_joined_by_position_are_refused_with_a_remedy_that_works(tmp_path, given):
    said = r"EC in the first column \(5\) and in the third column \(5\), and those of NEU in the first"
    with pytest.raises(ScreenError, match=f"not stand in the same order in all rows: .*{said}.*anndata.concat"):
        read(tmp_path, joined(as_tables=False), fates=given)
    tables = joined(as_tables=True)
    assert is_right(read(tmp_path, tables), tables)


def test_one_odd_file_among_many_is_seen(tmp_path):
    adata = lineages(n=400, terminal=60)
    adata.obsm["lineages_fwd"][0] = [0, 0, 1]
    with pytest.raises(ScreenError, match=r"those of EC in the first column \(59\) and in the third column \(1\)"):
        read(tmp_path, adata)


def test_states_that_share_a_column_are_refused_until_it_has_a_name(tmp_path):
    """compute_fate_probabilities(keys=["EC, MES", "NEU"])"""
    adata = lineages()
    probs = adata.obsm["lineages_fwd"]
    adata.obsm["lineages_fwd"] = np.column_stack([probs[:, :2].sum(1), probs[:, 2]])
    with pytest.raises(
        ScreenError, match=r"cells of EC and MES .*same column, the first.*`fates: \[\"EC, MES\", NEU\]`"
    ):
        read(tmp_path, adata)
    assert list(read(tmp_path, adata, fates=["EC, MES", "NEU"])) == ["EC, MES", "NEU"]
    with pytest.raises(ScreenError, match="those of NEU in the column EC, MES"):
        read(tmp_path, adata, fates=["NEU", "EC, MES"])


def test_without_terminal_cells_the_order_of_the_categories_is_a_doubt(tmp_path):
    adata = lineages()
    adata.obsm["lineages_fwd"][:15] = [0.5, 0.3, 0.2]  # smoothed
    with pytest.warns(ScreenWarning, match="no terminal cell of EC, MES, NEU confirms it"):
        assert list(read(tmp_path, adata)) == FATES
    some = lineages()
    some.obsm["lineages_fwd"][:5] = [0.5, 0.3, 0.2]
    with pytest.warns(ScreenWarning, match="no terminal cell of EC confirms it"):
        assert list(read(tmp_path, some)) == FATES


def soft_lineages(columns):
    """Terminal cells that are no surer than 0.8, as after smoothing."""
    adata = lineages(columns)
    adata.obsm["lineages_fwd"] = 0.7 * adata.obsm["lineages_fwd"] + 0.1
    return adata


def test_soft_terminal_cells_that_lean_to_other_columns_call_for_names(tmp_path):
    with pytest.warns(ScreenWarning, match="none has probability 1 .* Their largest one is in the column of their own"):
        assert list(read(tmp_path, soft_lineages(FATES))) == FATES
    adata = soft_lineages(["MES", "EC", "NEU"])
    with pytest.raises(ScreenError, match=r"other states than the order of the categories .*`fates: \[MES, EC, NEU\]`"):
        read(tmp_path, adata)
    assert list(read(tmp_path, adata, fates=["MES", "EC", "NEU"])) == ["MES", "EC", "NEU"]
    with pytest.warns(ScreenWarning, match="as if these were MES, EC, NEU: is the order right"):
        assert list(read(tmp_path, adata, fates=FATES)) == FATES


def test_cells_that_tell_half_of_another_order_are_refused(tmp_path):
    adata = lineages(["MES", "EC", "NEU"])
    adata.obsm["lineages_fwd"][:5] = [0.5, 0.3, 0.2]
    with pytest.raises(ScreenError, match=r"no terminal cell of EC .*`fates: \[MES, EC, NEU\]`"):
        read(tmp_path, adata)
    assert list(read(tmp_path, adata, fates=["MES", "EC", "NEU"])) == ["MES", "EC", "NEU"]


def test_a_state_whose_cells_were_left_out_has_no_name(tmp_path):
    adata = lineages(labelled=["EC", "NEU"])
    with pytest.raises(ScreenError, match=r"3 columns, but .* 2 names: EC, NEU.*`fates: \[EC, \?, NEU\]`.*left out"):
        read(tmp_path, adata)
    assert is_right(read(tmp_path, adata, fates=FATES), adata)
    with pytest.raises(ScreenError, match="those of EC in the column MES"):
        read(tmp_path, adata, fates=["MES", "EC", "NEU"])


def test_fates_may_say_the_order_that_terminal_cells_show_and_no_other(tmp_path):
    adata = lineages(["MES", "EC", "NEU"])
    assert is_right(read(tmp_path, adata, fates=["MES", "EC", "NEU"]), adata)
    with pytest.raises(ScreenError, match=r"`fates` names the columns EC, MES, NEU, .*`fates: \[MES, EC, NEU\]`"):
        read(tmp_path, adata, fates=FATES)
    soft = lineages()
    soft.obsm["lineages_fwd"][:15] = [0.5, 0.3, 0.2]
    with pytest.raises(ScreenError, match="puts them in another order: NEU, EC, MES"):
        read(tmp_path, soft, fates=["NEU", "EC", "MES"])


def test_fates_may_rename_and_the_order_of_the_columns_is_told(tmp_path):
    assert list(read(tmp_path, lineages(), fates=["x", "y", "z"])) == ["x", "y", "z"]
    with pytest.warns(ScreenWarning, match="named x, y, z by `fates`. By their terminal cells these are MES, EC, NEU"):
        read(tmp_path, lineages(["MES", "EC", "NEU"]), fates=["x", "y", "z"])
    with pytest.raises(ScreenError, match="those of NEU in the column y"):
        read(tmp_path, lineages(["MES", "NEU", "EC"]), fates=["x", "y", "NEU"])


def test_a_table_whose_names_its_terminal_cells_contradict(tmp_path):
    adata = lineages(["MES", "EC", "NEU"], key="fateprob")
    adata.obsm["fateprob"] = pd.DataFrame(adata.obsm["fateprob"], index=adata.obs_names, columns=FATES)
    with pytest.raises(ScreenError, match=r"EC in the column MES, those of MES in the column EC.* \[MES, EC, NEU\]"):
        read(tmp_path, adata, "fateprob")
    adata.obsm["fateprob"].columns = ["MES", "EC", "NEU"]
    assert is_right(read(tmp_path, adata, "fateprob"), adata)
    with warnings.catch_warnings():
        warnings.simplefilter("error", ScreenWarning)
        adata.obsm["lineages_fwd"] = adata.obsm["fateprob"].set_axis(["x", "y", "z"], axis=1)
        assert list(read(tmp_path, adata)) == ["x", "y", "z"]


def test_an_array_of_any_name_is_held_against_cellranks_states(tmp_path):
    adata = lineages(["MES", "EC", "NEU"], key="fateprob")
    with pytest.raises(ScreenError, match=r"plain array without names.* show `fates: \[MES, EC, NEU\]`"):
        read(tmp_path, adata, "fateprob")
    with pytest.raises(ScreenError, match="terminal cells"):
        read(tmp_path, adata, "fateprob", fates=FATES)
    assert is_right(read(tmp_path, adata, "fateprob", fates=["MES", "EC", "NEU"]), adata)


@pytest.mark.parametrize("listed", ["to_terminal_states_names", "to_terminal_states_columns"])
def test_a_list_beside_the_array_names_it_unless_terminal_cells_contradict(tmp_path, listed):
    adata = lineages(["MES", "EC", "NEU"], key="to_terminal_states", column="terminal_states")
    adata.uns[listed] = np.array(["MES", "EC", "NEU"], dtype=object)
    assert is_right(read(tmp_path, adata, "to_terminal_states"), adata)
    adata.uns[listed] = np.array(FATES, dtype=object)
    with pytest.raises(ScreenError, match=rf"uns\['{listed}'\] names the columns EC, MES, NEU, but the terminal cells"):
        read(tmp_path, adata, "to_terminal_states")
    adata.uns[listed] = np.array(["EC", "MES"], dtype=object)
    with pytest.raises(ScreenError, match="has 3 columns, but .* names 2 fates"):
        read(tmp_path, adata, "to_terminal_states")


def test_labels_that_were_written_as_texts(tmp_path):
    adata = lineages(["MES", "EC", "NEU"])
    texts = adata.obs["term_states_fwd"].astype(object).fillna("nan").astype(str)
    adata.strings_to_categoricals = lambda *_, **__: None
    adata.obs["term_states_fwd"] = texts.to_numpy(dtype=object)
    assert is_right(read(tmp_path, adata), adata)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_probabilities_of_few_digits(tmp_path, dtype):
    adata = lineages()
    adata.obsm["lineages_fwd"] = adata.obsm["lineages_fwd"].astype(dtype)
    found = read(tmp_path, adata)
    assert np.allclose(found[FATES], adata.obs[[f"true_{name}" for name in FATES]], atol=1e-3)


@pytest.mark.parametrize("keys", ["all", "ordered", "some"])
def test_columns_that_cellrank_ordered_have_the_names_that_it_gave_them(tmp_path, keys):
    """Of a file that CellRank 2.0.7 made; see tools/make_cellrank_keys.py."""
    saved = anndata.read_h5ad(DATA / "cellrank_keys.h5ad")
    names = list(saved.uns[f"{keys}_names"])
    doubtful = names != [name for name in FATES if name in names]
    adata = anndata.AnnData(obs=saved.obs, obsm={"lineages_fwd": saved.obsm[keys]})
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ScreenWarning)
        assert list(read(tmp_path, adata)) == names
    assert len([one for one in caught if one.category is ScreenWarning]) == doubtful == (keys == "ordered")


def test_columns_that_cellrank_joined_are_proposed_in_its_order(tmp_path):
    saved = anndata.read_h5ad(DATA / "cellrank_keys.h5ad")
    assert list(saved.uns["joined_names"]) == ["NEU", "EC, MES"]
    adata = anndata.AnnData(obs=saved.obs, obsm={"lineages_fwd": saved.obsm["joined"]})
    with pytest.raises(ScreenError, match=r"`fates: \[NEU, \"EC, MES\"\]`"):
        read(tmp_path, adata)

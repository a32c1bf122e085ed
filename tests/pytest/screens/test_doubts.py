"""What weakens a screen: counted by hand, and told in the same words by the preflight, reading and fitting."""

import warnings

import numpy as np
import pytest
import scipy.sparse as sp
from broken_screens import guide_map, preflight, screen
from tiny_screen import PRESENCE, tiny

from fatebias.base.errors import ScreenWarning
from fatebias.base.settings import Settings
from fatebias.r_api import describe_screen
from fatebias.screens.counts import count_cells
from fatebias.screens.doubts import doubt_burden, doubt_carriers, doubt_replicates, doubts_about


def test_effective_cells_are_those_of_the_rarer_side_by_gene_and_day():
    probs = np.random.default_rng(0).dirichlet(np.ones(3), 8)
    made = tiny(PRESENCE, fates=("EC", "MES", "NEU"), fate_probs=probs)
    cells = {  # rows of PRESENCE with a guide of the gene, by day: a1 and a2 of one cell count once
        ("A", 0): [2, 3], ("A", 1): [4], ("B", 0): [0], ("B", 1): [4, 5, 7],
    }  # fmt: skip
    for contrast, one, other in (("MES", 1, 0), ("MES - NEU", 1, 2)):
        found = count_cells([made], contrast).effective
        for (gene, day), rows in cells.items():
            expected = min(sum(probs[i, one] for i in rows), sum(probs[i, other] for i in rows))
            assert found[made.gene_names.index(gene), day] == pytest.approx(expected)


def test_cells_left_out_are_told_with_kmax_and_their_number():
    counts = {"no_guide": 0, "too_many_guides": 546, "no_fate_probs": 3}
    doubt = doubt_burden(51, counts, 20)
    assert doubt.found == (
        "left out: 549 of 600 cells: 546 carry more than 20 guides (Kmax), 3 have no fate probabilities"
    )
    assert doubt_burden(80, {"no_guide": 20, "too_many_guides": 0}, 20) is None  # a fifth is not more than a fifth


def test_most_guides_in_few_cells():
    assert doubt_carriers(np.array([0, 0, 0, 100, 100, 1])) is None  # guides of no cell are counted elsewhere
    found = doubt_carriers(np.array([0, 100, 2, 1])).found
    assert found.startswith("median 2; 2 of 3 guides in fewer than ")


def test_a_screen_without_a_doubt_has_none(tmp_path):
    adata = screen()
    adata.obs["day"] = [f"d{i // 2 % 2}" for i in range(adata.n_obs)]
    adata.obsm["fateprob"][:] = np.where(np.arange(adata.n_obs)[:, None] % 3, 1 / 3, [0.4, 0.4, 0.2])
    found = preflight(tmp_path, adata)
    assert {row["status"] for row in found.rows} == {"ok"} and said(tmp_path) == []


@pytest.mark.parametrize("broken", ["kmax", "one replicate", "one guide", "no controls", "words", "dropped"])
def test_reading_says_what_the_preflight_warns_of(tmp_path, broken):
    adata, table, settings = screen(), guide_map(), {}
    presence = adata.obsm["guide"].toarray()
    if broken == "kmax":
        settings = {"Kmax": 2}
        presence[::5, 2:16] = 0
    if broken == "no controls":
        presence[:, -2:] = 0
    if broken == "dropped":
        presence[:, :2] = 0
    if broken == "one replicate":
        settings = {"rep_key": None}
    if broken == "one guide":
        table.loc[1, "gene_name"] = "ALONE"
    if broken == "words":
        adata.obs["day"] = np.array(["iPSC_d0", "ME_d2"])[np.arange(adata.n_obs) % 2]
    adata.obsm["guide"] = sp.csr_matrix(presence)
    rows = preflight(tmp_path, adata, table, **settings).rows
    told = [(row["item"], row["found"], row["fix"]) for row in rows if row["status"] == "warning"]
    warned = {f"{item}: {found}" + (f"; {fix}" if fix else "") for item, found, fix in told}
    assert warned and set(said(tmp_path, **settings)) == warned


def said(folder, **settings) -> list[str]:
    """What reading the files of a preflight warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        files = str(folder / "screen.h5ad"), str(folder / "map.csv")
        found = describe_screen(*files, Settings.from_mapping(settings), False)
    assert found["warnings"] == [str(one.message) for one in caught if one.category is ScreenWarning]
    return found["warnings"]


def test_controls_that_no_cell_carries():
    presence = PRESENCE.copy()
    presence[:, 1] = 0
    presence[presence.sum(1) == 0, 0] = 1
    texts = [str(doubt) for doubt in doubts_about(tiny(presence), Settings.from_mapping({"contrast_fate": "MES"}))]
    assert any("Controls: no usable cell carries a control guide" in text for text in texts)


def test_a_replicate_of_its_own_on_each_day():
    told = Settings.from_mapping({"contrast_fate": "MES"})
    apart = tiny(PRESENCE, replicate=np.repeat(["r1", "r2"], 4).astype(object))
    assert any("cannot be told apart" in str(doubt) for doubt in doubts_about(apart, told))
    assert not any("cannot be told apart" in str(doubt) for doubt in doubts_about(tiny(PRESENCE), told))


def test_covariates_clusters_and_cells_without_probabilities_are_told_as_in_the_preflight(tmp_path):
    rows = np.arange(240)
    obs = {"clone": ["unassigned" if i < 100 else f"c{i // 4}" for i in rows], "plate": [f"p{i % 70}" for i in rows]}
    adata = screen(obs=obs)
    adata.obsm["fateprob"].iloc[:2] = np.nan
    settings = {"covariates": ["plate", "n_counts"], "cluster_key": "clone", "covar_key": "covar"}
    found = preflight(tmp_path, adata, **settings)
    told = {text.partition(": ")[0]: text.partition(": ")[2] for text in said(tmp_path, **settings)}
    covariates = found.row("Covariates")
    assert told["Covariates"] == f"{covariates['found']}; {covariates['fix']}"
    assert covariates["found"] == "plate (70 levels), n_counts (numbers)"
    assert told["Clusters"].startswith("36 clusters of 6.6 cells; the largest has 98")
    assert told["Fate probabilities"].startswith("2 cells without fate probabilities are left out")
    warned = {row["item"] for row in found.rows if row["status"] == "warning"}
    assert set(told) == warned


def test_replicates_that_differ_by_case_only_are_a_doubt():
    assert "R1, r1 differ by upper and lower case only" in doubt_replicates(["R1", "r1", "r2"], 9).found
    assert doubt_replicates(["r1", "r2"], 9) is None

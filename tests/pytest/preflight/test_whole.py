"""Preflight of the whole screen."""

import numpy as np
import scipy.sparse as sp
from broken_screens import CELLS, GUIDES, guide_map, preflight, screen


def test_few_effective_cells_are_counted_and_the_first_is_named(tmp_path):
    adata = screen()
    presence = adata.obsm["guide"].toarray()
    probs, day = adata.obsm["fateprob"], np.arange(len(presence)) % 3
    counts = np.array(
        [
            [
                min(probs[(presence[:, [2 * k, 2 * k + 1]].any(1)) & (day == d)][["EC", "MES"]].sum())
                for d in range(3)
            ]
            for k in range(8)
        ]
    )  # fmt: skip
    gene, at = np.argwhere(counts < 10)[0]
    row = preflight(tmp_path, adata).row("Effective cells")
    assert row["status"] == "warning"
    assert row["found"].startswith(f"{(counts < 10).sum()} of 24 genes x days have under 10 effective cells")
    assert row["found"].endswith(f"first GENE{gene + 1} on d{at} ({counts[gene, at]:.1f})")


def test_controls_in_no_cell_are_a_doubt_and_a_problem_where_cells_have_one_guide(tmp_path):
    several = screen()
    guides = several.obsm["guide"].toarray()
    guides[:, -2:] = 0
    guides[guides.sum(1) == 0, 0] = 1
    found = preflight(tmp_path, screen(obsm={"guide": sp.csr_matrix(guides)}))
    row = found.row("Controls")
    assert found.ok and row["status"] == "warning"
    assert row["found"].startswith("no usable cell carries a control guide: effects are then relative to the average")
    one = np.eye(len(GUIDES), dtype=np.int8)[np.arange(CELLS) % (len(GUIDES) - 2)]
    said = preflight(tmp_path, screen(obsm={"guide": sp.csr_matrix(one)})).problems["Screen"]
    assert "every usable cell of d0, d1, d2 carries 1 guide(s) and none of them is a control" in said
    one[:12] = np.eye(len(GUIDES), dtype=np.int8)[-1]
    few = preflight(tmp_path, screen(obsm={"guide": sp.csr_matrix(one)})).row("Controls")
    assert few["status"] == "warning" and "d0 (4), d1 (4), d2 (4); all effects share the error" in few["found"]


def test_genes_with_one_guide_cannot_be_checked(tmp_path):
    table = guide_map()
    table.loc[1, "gene_name"] = "ALONE"
    row = preflight(tmp_path, screen(), table).row("Guides per gene")
    assert row["status"] == "warning"
    assert row["found"] == "2 genes have one guide and cannot be checked by another: GENE1, ALONE"
    assert preflight(tmp_path, screen()).row("Guides per gene")["found"] == "2 to 2"

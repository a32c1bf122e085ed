"""Preflight of the whole screen."""

import numpy as np
from broken_screens import guide_map, preflight, screen


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


def test_genes_with_one_guide_cannot_be_checked(tmp_path):
    table = guide_map()
    table.loc[1, "gene_name"] = "ALONE"
    row = preflight(tmp_path, screen(), table).row("Guides per gene")
    assert row["status"] == "warning"
    assert row["found"] == "2 genes have one guide and cannot be checked by another: GENE1, ALONE"
    assert preflight(tmp_path, screen()).row("Guides per gene")["found"] == "2 to 2"

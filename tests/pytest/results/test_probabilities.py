"""The files of probability changes: rows, names, and that the arrays give the numbers of the table again."""

import numpy as np
import pytest
from conftest import screen_of, simulated
from scipy.special import softmax

from fatebias.base.settings import Settings
from fatebias.results.engines import infer
from fatebias.results.probabilities import CHANGES, FATE_BASELINE, probability_files

SETTINGS = Settings.from_mapping({"inference": "laplace", "num_posterior_draws": 20, "p_values": False})


@pytest.fixture(scope="module")
def found():
    screen = screen_of(simulated(cells=1500, fates=4))
    estimates = infer(screen, SETTINGS).estimates
    tables, arrays = probability_files(estimates, screen)
    return screen, estimates, tables[CHANGES], arrays[FATE_BASELINE]


def test_rows_are_gene_by_day_by_fate_with_the_reference_first(found):
    screen, _, table, _ = found
    assert list(table) == ["gene", "day", "fate", "baseline", "change", "low", "high"]
    assert table.fate[: screen.n_fates].tolist() == list(screen.fates)
    assert table.day[: 2 * screen.n_fates].tolist() == [0] * screen.n_fates + [1] * screen.n_fates
    assert table.gene.tolist() == np.repeat(screen.gene_names, screen.n_days * screen.n_fates).tolist()


def test_changes_sum_to_nothing_and_lie_in_their_intervals(found):
    _, _, table, _ = found
    sums = table.groupby(["gene", "day"])[["baseline", "change"]].sum()
    np.testing.assert_allclose(sums.change, 0, atol=1e-12)
    np.testing.assert_allclose(sums.baseline, 1, atol=1e-12)
    assert ((table.low < table.change) & (table.change < table.high)).all()


def test_the_cells_give_the_changes_of_the_table(found):
    screen, estimates, table, arrays = found
    assert arrays["fates"].tolist() == list(screen.fates) and arrays["genes"].tolist() == list(screen.gene_names)
    gene, day = 4, 2
    before = np.c_[np.zeros((arrays["day"] == day).sum()), arrays["eta"][arrays["day"] == day]]
    after = softmax(before + np.r_[0, estimates.all_fates.theta[gene, day]], axis=1).mean(0)
    own = table[(table.gene == screen.gene_names[gene]) & (table.day == day)]
    np.testing.assert_allclose(own.change, after - arrays["baseline"][day], atol=1e-7)
    np.testing.assert_array_equal(own.baseline, arrays["baseline"][day])
    assert arrays["widening"].shape == (screen.n_genes, screen.n_days, screen.n_fates)
    assert (arrays["widening"] >= 1).all()  # guides and cultures add, never take


def test_axes_name_every_array(found):
    *_, arrays = found
    named = {line.split(": ")[0]: line.split(": ")[1].split(", ") for line in arrays["axes"]}
    assert {name: len(axes) for name, axes in named.items()} == {
        name: arrays[name].ndim for name in arrays if name not in ("genes", "days", "fates", "axes")
    }

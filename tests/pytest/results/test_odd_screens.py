"""Odd screens: each is fitted, or refused with its cause; the preflight says the same before."""

import re
import warnings

import anndata
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from fatebias.base.errors import FatebiasError
from fatebias.base.settings import Settings
from fatebias.preflight import check_screen
from fatebias.results.fit import fit_screen

N, GENES, PER_GENE, CONTROLS = 360, 6, 2, 4
GUIDES = [f"G{k}_{j}" for k in range(GENES) for j in range(PER_GENE)] + [f"NTC_{j}" for j in range(CONTROLS)]


class Odd:
    """A screen that tests change before it is written."""

    def __init__(self, n=N, n_days=3, fates=("EC", "MES", "NEU"), guides=GUIDES):
        rng = np.random.default_rng(4)
        self.fates, self.guides = fates, guides
        self.presence = (rng.random((n, len(guides))) < 3 / len(guides)).astype(np.int8)
        self.presence[self.presence.sum(1) == 0, -1] = 1
        self.day = np.array([f"d{i % n_days}" for i in range(n)])
        self.replicate = np.array([f"r{i // n_days % 2}" for i in range(n)])
        self.probs = rng.dirichlet(np.full(len(fates), 2.0), n)

    def onehot(self, fate):
        self.probs = np.eye(len(self.fates))[fate]

    def write(self, folder):
        names = pd.Index([f"cell{i}" for i in range(len(self.day))])
        obs = pd.DataFrame({"day": self.day}, index=names)
        obsm = {
            "covar": pd.DataFrame({"rep": self.replicate}, index=names), "guide": sp.csr_matrix(self.presence),
            "fateprob": pd.DataFrame(self.probs, columns=list(self.fates), index=names),
        }  # fmt: skip
        uns = {"guide_names": np.array(self.guides, dtype=object)}
        anndata.AnnData(X=sp.csr_matrix((len(names), 1)), obs=obs, obsm=obsm, uns=uns).write_h5ad(folder / "s.h5ad")
        gene = [name.split("_")[0] for name in self.guides]
        table = {"guide_name": self.guides, "gene_name": gene, "is_ntc": [int(one == "NTC") for one in gene]}
        pd.DataFrame(table).to_csv(folder / "map.csv", index=False)


def run(odd, folder, **given):
    """What a fit ends with ("" for none) and warns of; the preflight is held to say as much."""
    odd.write(folder)
    settings, files = Settings.from_mapping({"inference": "laplace"} | given), (folder / "s.h5ad", folder / "map.csv")
    found = check_screen(files[0], settings, files[1])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            fit_screen(*files, folder / "out", settings)
            said = ""
        except FatebiasError as error:
            said = str(error)
    assert found["ok"] == (said == ""), (found["rows"], said)
    assert "learning_rate" not in said
    warned = " | ".join(str(one.message) for one in caught)
    for row in found["rows"]:
        assert row["status"] != "warning" or row["found"] in warned or said
    return said, warned


def guides_in_every_cell(odd):
    odd.presence[:, 0] = 1


def guide_in_every_cell_of_a_day(odd):
    odd.presence[odd.day == "d1", 0] = 1


def all_genes_on_the_same_cells(odd):
    odd.presence[:, : GENES * PER_GENE] = odd.presence[:, :1]
    odd.presence[:, -1] = 1


def separation_of_a_guide(odd):
    fate = np.random.default_rng(2).integers(0, 3, N)
    fate[odd.presence[:, 2] == 1] = 1
    odd.onehot(fate)


def onehot_labels(odd):
    odd.onehot(np.random.default_rng(2).integers(0, 3, N))


def replicate_is_day(odd):
    odd.replicate = odd.day


def one_cell_a_guide(odd):
    odd.presence[:] = 0
    odd.presence[np.arange(GENES * PER_GENE), np.arange(GENES * PER_GENE)] = 1
    odd.presence[GENES * PER_GENE :, -1] = 1


def tiny_fate_on_one_day(odd):
    odd.probs[odd.day == "d1"] = odd.probs[odd.day == "d1"] * [1, 1, 1e-9]
    odd.probs /= odd.probs.sum(1, keepdims=True)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (guides_in_every_cell, "guide G0_0 on every day"),
        (guide_in_every_cell_of_a_day, "guide G0_0 on d1"),
        (all_genes_on_the_same_cells, "12 of 12 guides lie in the same cells as another"),
        (separation_of_a_guide, "all cells of 1 guide have one fate: G1_0"),
        (onehot_labels, ""),
        (replicate_is_day, "each day has a replicate of its own"),
        (one_cell_a_guide, "median 1; 12 of"),
        (tiny_fate_on_one_day, ""),
    ],
)
def test_what_is_not_told_by_the_labels_is_warned_of_by_name(tmp_path, change, told):
    odd = Odd()
    change(odd)
    said, warned = run(odd, tmp_path)
    assert said == "" and told in warned


def third(odd):
    odd.probs[:] = 1 / 3


def nobody(odd):
    odd.probs[:, 2] = 1e-300
    odd.probs /= odd.probs.sum(1, keepdims=True)


def separation_by_replicates(odd):
    odd.fates = ("EC", "MES")
    odd.onehot((odd.replicate == "r1").astype(int))


def separation_by_guides(odd):
    odd.fates = ("EC", "MES")
    odd.onehot((odd.presence[:, 2:4].sum(1) > 0).astype(int))


@pytest.mark.parametrize(
    ("change", "given", "cause"),
    [
        (third, {}, "have the same fate probabilities, which tell nothing of guides"),
        (nobody, {}, "no usable cell has the fate NEU"),
        (separation_by_replicates, {}, r"replicate r\d.* tell the fate of every cell: the labels are separated"),
        (separation_by_guides, {}, "guides of G1 tell the fate of every cell: the labels are separated"),
        (lambda odd: None, {"likelihood_weight": 1e6}, "times less than they do. Set `likelihood_weight: auto`"),
    ],
)
def test_what_no_fit_can_tell_is_refused_with_its_cause(tmp_path, change, given, cause):
    odd = Odd()
    change(odd)
    said, _ = run(odd, tmp_path, **given)
    assert re.search(cause, said), said


def test_days_of_few_cells(tmp_path):
    said, _ = run(Odd(n=300, n_days=50), tmp_path)
    assert "`likelihood_weight: auto_by_day` takes each day's weight" in said and "d0 (6)" in said


def test_few_cells(tmp_path):
    assert "8 usable cells are too few for `likelihood_weight: auto_by_day`" in run(Odd(n=8, n_days=2), tmp_path)[0]


def test_many_fates_and_one_guide_a_gene(tmp_path):
    names = [f"G{k}_0" for k in range(40)] + ["NTC_0"]
    odd = Odd(fates=("EC", "MES", *(f"F{k}" for k in range(8))), guides=names)
    said, warned = run(odd, tmp_path)
    assert said == "" and "40 genes have one guide" in warned

"""Odd screens: each is fitted, or refused with its cause; the preflight says the same before."""

import json
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
from fatebias.screens import counts, plan, separation

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

    def keep(self, rows):
        """Take these cells alone."""
        self.presence, self.probs = self.presence[rows], self.probs[rows]
        self.day, self.replicate = self.day[rows], self.replicate[rows]

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
    found, said, warned = tried(odd, folder, **given)
    assert found["ok"] == (said == ""), (found["rows"], said)
    for row in found["rows"]:
        assert row["status"] != "warning" or row["found"] in warned or said
    return said, warned


def tried(odd, folder, **given):
    """What the preflight finds, and what a fit ends with and warns of."""
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
    assert "learning_rate" not in said
    return found, said, " | ".join(str(one.message) for one in caught)


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


def first_of_days(sizes, genes):
    """A screen with so many cells of each day."""
    guides = [f"G{k}_{j}" for k in range(genes) for j in range(2)] + [f"NTC_{j}" for j in range(CONTROLS)]
    odd = Odd(n=max(sizes) * len(sizes), guides=guides)
    odd.keep(np.concatenate([np.flatnonzero(odd.day == f"d{day}")[:n] for day, n in enumerate(sizes)]))
    return odd


@pytest.mark.parametrize(
    ("sizes", "genes", "told"),
    [((300, 300, 15), 20, "few usable cells on d2 (15)"), ((300, 300, 6), 4, "few usable cells on d2 (6)")],
)
def test_a_day_of_few_cells_takes_its_weight_from_the_others(tmp_path, sizes, genes, told):
    said, warned = run(first_of_days(sizes, genes), tmp_path)
    assert said == "" and told in warned
    weights = json.loads((tmp_path / "out" / "fit_manifest.json").read_text())["likelihood_weight"]
    assert 1 / 3 < weights[2] / np.mean(weights[:2]) < 3  # the same labels on all days


def test_a_small_screen_is_fitted_with_a_warning(tmp_path):
    said, warned = run(Odd(n=18), tmp_path, likelihood_weight="auto")
    assert said == "" and "18 usable cells are few for `likelihood_weight: auto`" in warned


@pytest.mark.parametrize(
    ("sizes", "told"),
    [({"n": 300, "n_days": 50}, "few usable cells on d0 (6)"), ({"n": 8, "n_days": 2}, "8 usable cells are few for")],
)
def test_a_weight_that_few_cells_do_not_tell_is_refused_with_its_cause(tmp_path, sizes, told):
    found, said, warned = tried(Odd(**sizes), tmp_path)
    row = next(row for row in found["rows"] if row["item"] == "Likelihood weight")
    assert row["status"] == "warning" and told in row["found"] and told in warned
    assert f"What may be behind it: {row['found']}" in said


def idle_day(odd):
    odd.presence[odd.day == "d1"] = 0
    odd.presence[odd.day == "d1", -1] = 1


@pytest.mark.parametrize("given", [{}, {"preset": "plain", "se": "sandwich"}])
def test_a_day_of_controls_alone_is_refused_by_name(tmp_path, given):
    odd = Odd()
    idle_day(odd)
    said, _ = run(odd, tmp_path, **given)
    assert "no usable cell of d1 carries a guide of a gene (controls alone)" in said


def test_a_day_of_controls_alone_is_fitted_where_no_effect_of_it_is_asked_for(tmp_path):
    odd = Odd()
    idle_day(odd)
    assert run(odd, tmp_path, preset="plain")[0] == ""


def test_separation_is_looked_for_in_usable_cells_alone(tmp_path, monkeypatch):
    for module in (counts, plan, separation):
        monkeypatch.setattr(module, "CELLS_AT_ONCE", N)
    odd = Odd(n=N + 40)
    odd.presence[::10] = 0
    separation_by_guides(odd)
    assert (odd.presence.sum(1) > 0).sum() <= N
    assert "the labels are separated" in run(odd, tmp_path)[0]


@pytest.mark.parametrize("change", [separation_by_replicates, separation_by_guides])
def test_separated_labels_with_a_weight_are_fitted_with_a_warning(tmp_path, change):
    odd = Odd()
    change(odd)
    said, warned = run(odd, tmp_path, likelihood_weight=1.0)
    assert said == "" and "tell the fate of every cell: the labels are separated" in warned


@pytest.mark.parametrize("key", [key for key in Settings.from_mapping().as_dict() if key.startswith("s_")])
def test_a_flat_prior_settles(tmp_path, key):
    assert run(Odd(), tmp_path, **{key: 1e6})[0] == ""


def test_many_fates_and_one_guide_a_gene(tmp_path):
    names = [f"G{k}_0" for k in range(40)] + ["NTC_0"]
    odd = Odd(fates=("EC", "MES", *(f"F{k}" for k in range(8))), guides=names)
    said, warned = run(odd, tmp_path)
    assert said == "" and "40 genes have one guide" in warned

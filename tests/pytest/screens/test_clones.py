"""Clones told by their guides, against the clones that were drawn."""

import itertools

import numpy as np
import pytest
import scipy.sparse as sp
from conftest import screen_of, simulated

from fatebias.base.settings import Settings
from fatebias.screens.clones import clones_by_guides

N_GENES, PER_GENE, N_CONTROLS = 100, 4, 8
GENE = np.r_[np.repeat(np.arange(N_GENES), PER_GENE), np.full(N_CONTROLS, N_GENES)]


def draw(n_clones, moi, size=1, seed=0, uneven=1.0):
    """Presence [n_clones * size, guides] and the clone of each cell; uneven: how the guides' abundances differ."""
    rng = np.random.default_rng(seed)
    p = rng.dirichlet(np.full(len(GENE), uneven))
    lists = [rng.choice(len(GENE), min(k, 20), replace=False, p=p) for k in np.maximum(rng.poisson(moi, n_clones), 1)]
    clone = np.repeat(np.arange(n_clones), size)
    clone = clone[rng.permutation(len(clone))]
    return as_presence([lists[one] for one in clone]), clone


def as_presence(lists):
    ptr = np.r_[0, np.cumsum([len(one) for one in lists])]
    found = sp.csr_matrix((np.ones(ptr[-1], np.int8), np.concatenate(lists), ptr), shape=(len(lists), len(GENE)))
    found.sort_indices()
    return found


def told(guides, replicate=None):
    return clones_by_guides(guides, GENE, np.zeros(guides.shape[0], dtype=int) if replicate is None else replicate)


def pairs_by_hand(guides):
    """Pairs of cells that have the same set of two guides or more, of several genes."""
    sets = [frozenset(guides.indices[a:b]) for a, b in itertools.pairwise(guides.indptr)]
    told = [one if len({GENE[guide] for guide in one}) > 1 else None for one in sets]
    return {
        (i, j) for i, j in itertools.combinations(range(len(told)), 2) if told[i] is not None and told[i] == told[j]
    }


def pairs_of(clone):
    return {(i, j) for i, j in itertools.combinations(range(len(clone)), 2) if clone[i] == clone[j]}


def test_cells_with_the_same_guides_are_one_clone():
    guides, drawn = draw(n_clones=200, moi=5, size=5)
    found = told(guides)
    assert found.dtype == np.int64 and set(found) == set(range(found.max() + 1))
    several = np.diff(guides.indptr) > 1
    guides, found, drawn = guides[several], found[several], drawn[several]
    assert pairs_of(found) == pairs_by_hand(guides)
    right = pairs_of(found) & pairs_of(drawn)
    assert len(right) == len(pairs_of(found)) and len(right) > 0.95 * len(pairs_of(drawn))


def test_cells_with_one_guide_are_a_clone_where_there_are_clones():
    guides, drawn = draw(n_clones=200, moi=4, size=10, seed=6, uneven=20.0)
    found, one = told(guides), np.diff(guides.indptr) == 1
    assert one.sum() > 80 and pairs_of(drawn[one]) <= pairs_of(found[one])


@pytest.mark.parametrize(("moi", "uneven"), [(0.3, 1.0), (1, 0.3), (2, 0.3), (5, 0.3), (5, 5.0)])
def test_independent_cells_have_no_clones_however_uneven_their_guides(moi, uneven):
    assert told(draw(n_clones=4000, moi=moi, uneven=uneven)[0]) is None


def test_vectors_with_two_guides_of_a_gene_are_no_clones():
    rng = np.random.default_rng(1)
    genes = [rng.choice(N_GENES, k, replace=False) for k in np.maximum(rng.poisson(0.3, 3000), 1)]
    lists = [np.concatenate([[PER_GENE * gene, PER_GENE * gene + 1] for gene in cell]) for cell in genes]
    assert told(as_presence(lists)) is None


def test_guides_that_always_come_together_are_no_clones():
    rng = np.random.default_rng(2)
    pairs = rng.permutation(N_GENES * PER_GENE).reshape(-1, 2)
    assert told(as_presence(list(pairs[rng.integers(0, len(pairs), 3000)]))) is None


def test_replicates_with_guides_of_their_own_make_no_clones():
    rng, lists, replicate = np.random.default_rng(7), [], []
    for r in range(8):
        for k in np.maximum(rng.poisson(1.5, 500), 1):
            lists.append(24 * r + rng.choice(24, min(k, 20), replace=False))
            replicate.append(r)
    assert told(as_presence(lists), np.array(replicate)) is None


def test_no_clone_is_of_two_replicates():
    guides, _ = draw(n_clones=200, moi=5, size=6)
    replicate = np.random.default_rng(8).integers(2, size=guides.shape[0])
    found = told(guides, replicate)
    assert all(len(set(replicate[found == one])) == 1 for one in range(found.max() + 1))


def test_a_few_clones_among_many_cells_are_not_worth_a_word():
    alone, _ = draw(n_clones=2000, moi=5, seed=3)
    few, _ = draw(n_clones=9, moi=8, size=30, seed=4)
    assert told(sp.vstack([alone, few]).tocsr()) is None


def test_a_screen_has_its_clones_and_says_so_but_not_where_cells_are_to_be_alone():
    sim = simulated(clones=(5, 15), clone_sd=0.5, cells=1500, genes=40, seed=5)
    told = screen_of(sim)
    several = told.burden > 1
    assert pairs_of(told.cluster[several]) <= pairs_of(sim.clone[several])
    assert told.n_clusters < 0.3 * told.n_cells
    alone = screen_of(sim, Settings.from_mapping({"clones_by_guides": False}))
    assert alone.cluster is None
    assert screen_of(sim, Settings.from_mapping({"preset": "plain"})).cluster is None

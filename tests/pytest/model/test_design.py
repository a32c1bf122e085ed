import dataclasses

import numpy as np
import pytest
import torch
from conftest import screen_of, simulated
from dense_reference import dense_model, random_walk_precision
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from fatebias.base.settings import Settings
from fatebias.laplace.fit import named_effects
from fatebias.model import build_design
from fatebias.model.nuisance import Terms


def random_vector(size, seed=0, columns=3):
    return torch.randn((size, columns), generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


@given(
    seed=st.integers(0, 10_000), genes=st.integers(1, 8), per_gene=st.integers(1, 6), days=st.integers(2, 5),
    replicates=st.integers(1, 3), fates=st.integers(2, 5),
)  # fmt: skip
@hypothesis_settings(max_examples=25, deadline=None)
def test_transpose_is_the_adjoint(seed, genes, per_gene, days, replicates, fates):
    sim = simulated(
        seed=seed, cells=200, genes=genes, guides_per_gene=per_gene, days=days, replicates=replicates, fates=fates
    )
    design = build_design(screen_of(sim))
    x = random_vector(design.n_effects)
    e = random_vector(design.n_cells * design.n_logits, seed=1).view(design.n_cells, design.n_logits, -1)
    forward, back = (design.forward(x) * e).sum(), (x * design.transpose(e)).sum()
    assert float(forward) == pytest.approx(float(back), rel=1e-10, abs=1e-8)


def test_what_is_given_is_added_and_not_explained(small_screen):
    design = build_design(small_screen)
    x = random_vector(design.n_effects, columns=1)[:, 0]
    given_part = random_vector(design.n_cells, columns=design.n_logits)
    with_given = dataclasses.replace(design, given=given_part)
    assert torch.equal(design.predictor(x), design.forward(x))
    assert torch.equal(with_given.predictor(x), design.forward(x) + given_part)
    assert torch.equal(with_given.forward(x), design.forward(x))


def test_forward_is_the_dense_design(small_screen):
    settings = Settings.from_mapping()
    f, d = small_screen.n_fates - 1, small_screen.n_days
    dense = dense_model(
        small_screen, settings, random_walk_precision(np.ones(f), np.ones((f, d - 1))), np.ones(f), np.ones(d)
    )
    design = build_design(small_screen, terms=Terms.of(settings))
    x = random_vector(design.n_effects, columns=1)[:, 0]
    named = named_effects(design, x)
    flat = np.concatenate([named[name].ravel() for name in dense.starts])
    np.testing.assert_allclose(design.forward(x).numpy(), dense.design @ flat, atol=1e-12)


def test_single_precision_agrees_with_double(small_screen):
    design = build_design(small_screen)
    x = random_vector(design.n_effects, columns=5)
    np.testing.assert_allclose(design.forward(x.float()), design.forward(x), atol=1e-5)
    e = design.forward(x)
    np.testing.assert_allclose(design.transpose(e.float()), design.transpose(e), atol=1e-2)


def test_genes_are_grouped_by_their_number_of_guides(small_screen):
    design = build_design(small_screen)
    genes = [design.genes_of(group) for group in design.groups]
    assert sorted(np.concatenate(genes)) == list(range(small_screen.n_genes))
    for group, own in zip(design.groups, genes):
        assert set(small_screen.guides_per_gene[own]) == {group.n} and (np.diff(own) > 0).all()
        for gene, guides in zip(own, design.guides_of(group)):
            assert guides.tolist() == np.flatnonzero(small_screen.guide_gene == gene).tolist()


def test_pairs_within_a_gene_are_all_found(small_screen):
    s = small_screen
    expected = 0
    for i in range(s.n_cells):
        genes = s.guide_gene[s.guide_idx[s.guide_ptr[i] : s.guide_ptr[i + 1]]]
        expected += sum(int(c) * (int(c) - 1) // 2 for c in np.bincount(genes))
    assert sum(len(group.pair_cell) for group in build_design(s).groups) == expected


def test_effects_leave_in_the_screens_order(small_screen):
    """Of each gene: its rows of x are its theta and the deviations of its guides, and nobody else's."""
    design, s = build_design(small_screen), small_screen
    assert (np.diff(s.guides_per_gene) < 0).any() or (np.diff(s.guides_per_gene) > 0).any()  # orders differ
    x = random_vector(design.n_effects)
    theta, v, delta = design.theta(x), design.deviations(x), design.delta(x)
    assert theta.shape == (s.n_genes, design.n_logits, s.n_days, 3) and v.shape == (s.n_guides, design.n_logits, 3)
    for gene in range(s.n_genes):
        block = x[design.rows(gene)].view(-1, design.n_logits, 3)
        assert torch.equal(block[: s.n_days].transpose(0, 1), theta[gene])
        own = torch.as_tensor(np.flatnonzero(s.guide_gene == gene))
        assert torch.equal(block[s.n_days :], v[own])
        np.testing.assert_allclose(delta[own], v[own] - v[own].mean(0), atol=1e-14)
    named = design.by_gene([torch.as_tensor(design.genes_of(group)) for group in design.groups])
    assert named.tolist() == list(range(s.n_genes))


def test_fates_count_the_reference_and_logits_do_not(small_screen):
    design = build_design(small_screen)
    assert (small_screen.n_fates, small_screen.n_logits, design.n_logits) == (3, 2, 2)
    assert (design.n_genes, design.n_guides) == (small_screen.n_genes, small_screen.n_guides)

"""Genes and guides put back in the screen's order, along any axis."""

import numpy as np
import torch

from fatebias.model import build_design
from fatebias.model.screen_order import ScreenOrder


def test_parts_of_groups_come_in_the_screens_order_along_an_axis():
    order = ScreenOrder(genes=torch.tensor([2, 0, 1]), guides=torch.tensor([1, 3, 0, 2]))
    parts = [torch.tensor([[10.0], [11.0]]), torch.tensor([[12.0]])]
    assert order.by_gene(parts).flatten().tolist() == [12, 10, 11]
    across = [torch.tensor([[[0, 5], [1, 6]]]), torch.tensor([[[2, 7], [3, 8]]])]  # [draw, guide, logit]
    assert order.by_guide(across, -2).tolist() == [[[1, 6], [3, 8], [0, 5], [2, 7]]]


def test_a_design_puts_every_gene_and_guide_in_its_place(small_screen):
    design = build_design(small_screen)
    genes, guides = (
        [torch.as_tensor(of(group)).flatten() for group in design.groups] for of in (design.genes_of, design.guides_of)
    )
    assert np.array_equal(design.screen_order.by_gene(genes), np.arange(small_screen.n_genes))
    assert np.array_equal(design.screen_order.by_guide(guides), np.arange(small_screen.n_guides))

"""`bench/landscape.py` up to what CellRank sees: effects, clones and the walk."""

import landscape
import numpy as np
import pytest
from landscape import Landscape


def drawn(**given):
    asked = Landscape(**{"cells": 2000, "genes": 40} | given)
    rng = np.random.default_rng(asked.seed)
    return asked, landscape.draw_genes(rng, asked), landscape.draw_cells(rng, asked), rng


def test_the_truth_is_the_sign_of_the_push_up_to_the_day():
    _, genes, *_ = drawn(genes=200, active=0.5)
    truth = landscape.truth_table(genes, [f"g{i}" for i in range(200)])
    summed = np.sign(np.cumsum(genes.push, axis=1))  # one sign a gene: the sum has it from the first active day on
    assert list(truth) == ["gene", *(f"sign_d{day}" for day in range(4))]
    assert np.array_equal(truth.iloc[:, 1:], summed)
    size = np.abs(genes.push[genes.push != 0])
    assert size.min() >= 0.4 and size.max() <= 1.2 and abs((genes.sign != 0).mean() - 0.5) < 0.1
    assert not drawn(active=0.0)[1].push.any()


def test_guides_are_dead_or_off_target_by_their_shares():
    _, genes, *_ = drawn(genes=500, dead=0.25, off=0.08)
    assert abs((genes.efficacy == 0).mean() - 0.25) < 0.03 and abs((genes.own != 0).mean() - 0.08) < 0.02
    alive = genes.efficacy[genes.efficacy > 0]
    assert abs(alive.mean() - 6 / 8) < 0.02 and abs(genes.own[genes.own != 0].std() - 1) < 0.15


def test_cells_of_a_clone_share_guides_day_and_replicate():
    _, _, cells, _ = drawn(cells=1005, clones=10)
    assert np.bincount(cells.clone).tolist() == [10] * 100 + [5]
    first = cells.clone * 10
    for one in (cells.day, cells.replicate, cells.guides):
        assert np.array_equal(one, one[first])
    assert np.array_equal(drawn()[2].clone, np.arange(2000))


@pytest.mark.parametrize(("repvar", "dead"), [(0.0, 0.0), (0.5, 0.3)])
def test_the_push_of_a_cell_is_the_sum_over_its_guides(repvar, dead):
    asked, genes, cells, rng = drawn(cells=200, active=0.5, off=0.3, reps=3, repvar=repvar, dead=dead)
    by_replicate = rng.normal(0, repvar, (40, 3))
    found = landscape.total_push(asked, genes, cells, by_replicate, 2)
    for i in range(0, 200, 7):
        expected = 0.0
        for guide in np.flatnonzero(cells.guides[i, :240]):
            expected += genes.own[guide]
            push = genes.push[guide // 6, 2] * genes.efficacy[guide]
            if push:
                expected += push + by_replicate[guide // 6, cells.replicate[i]]
        assert found[i] == pytest.approx(expected)


def test_pushed_cells_end_nearer_to_their_well_and_cells_stop_on_their_day():
    asked, genes, cells, rng = drawn(cells=6000, genes=2, guides=1, ntc=1, moi=1.0, noise=0.1)
    one = landscape.Genes(
        sign=np.array([1, -1]), start=np.array([2, 2]), push=np.array([[0, 0, 1, 1], [0, 0, -1, -1.0]]),
        efficacy=np.ones(2), own=np.zeros(2),
    )  # fmt: skip
    along = landscape.walk(rng, asked, one, cells) @ landscape.AXIS
    up, down = (cells.guides[:, gene] == 1 for gene in (0, 1))
    for day in range(4):
        today = cells.day == day
        gap = along[today & up & ~down].mean() - along[today & down & ~up].mean()
        assert gap > 0.5 if day >= 2 else abs(gap) < 0.05


def test_terminal_cells_are_the_nearest_of_the_last_day():
    rng = np.random.default_rng(0)
    position, last = rng.normal(0, 1, (2000, 2)), rng.random(2000) < 0.3
    state = landscape.terminal_cells(position, last)
    for fate, well in zip(landscape.FATES, landscape.WELLS):
        chosen = state == fate
        distance = np.linalg.norm(position - well, axis=1)
        assert chosen.sum() == 40 and last[chosen].all()
        assert distance[chosen].max() <= distance[last & ~chosen].min()


def test_screens_too_small_are_refused():
    with pytest.raises(SystemExit, match="at least 200, not 100"):
        Landscape(cells=100)
    with pytest.raises(SystemExit, match="must be at least 1"):
        Landscape(reps=0)

"""Rounds of scales and weight: they end at rest, from wherever they start, and go on where they were stopped."""

import numpy as np
import pytest
import torch
from conftest import screen_of, simulated

from fatebias.base.checkpoint import open_checkpoint
from fatebias.base.errors import FitError
from fatebias.base.run import Run
from fatebias.base.settings import Settings
from fatebias.laplace import rounds
from fatebias.laplace.options import LaplaceOptions
from fatebias.laplace.rounds import SCALE_TOLERANCE, WEIGHT_TOLERANCE, run_rounds, start_from
from fatebias.model import build_design

AUTO = LaplaceOptions.of(Settings.from_mapping({"likelihood_weight": "auto"}))


@pytest.fixture(scope="module")
def design(small_screen):
    return build_design(small_screen)


@pytest.fixture(scope="module")
def ended(design):
    return run_rounds(design, AUTO)


def test_rounds_end_when_scales_and_weight_are_at_rest(design, ended):
    assert ended.settled and ended.unrest < SCALE_TOLERANCE and ended.drift < WEIGHT_TOLERANCE
    assert ended.draws is None and ended.rounds > 1
    assert bool((ended.weight == ended.weight[0]).all())  # "auto": one for all days
    # labels of concentration 20 have the weight 21, within 5 standard errors of a dispersion
    assert float(ended.weight[0]) == pytest.approx(21, rel=5 * (2 / (design.n_cells * design.n_logits)) ** 0.5)


def test_a_start_at_the_end_takes_few_rounds_to_the_same_place(design, ended):
    again = run_rounds(design, AUTO, start=start_from(ended.x, ended.scales, ended.weight))
    assert again.rounds < ended.rounds
    assert torch.allclose(again.weight, ended.weight, rtol=2 * WEIGHT_TOLERANCE)
    assert bool(((again.scales / ended.scales).log().abs() < 2 * SCALE_TOLERANCE * ended.sd_log.clamp(min=0.15)).all())


def test_a_number_as_weight_stays_and_a_weight_by_day_differs(design):
    fixed = run_rounds(design, LaplaceOptions.of(Settings.from_mapping({"likelihood_weight": 7.0})))
    assert fixed.weight.tolist() == [7.0] * design.n_days
    by_day = run_rounds(design, LaplaceOptions.of(Settings.from_mapping({"likelihood_weight": "auto_by_day"})))
    assert len(set(by_day.weight.tolist())) == design.n_days


def test_rounds_go_on_from_their_place_to_the_same_bytes(design, ended, tmp_path, monkeypatch):
    run = Run(checkpoint=open_checkpoint(tmp_path, {"device": "cpu"})).at("rounds")
    monkeypatch.setattr(rounds, "MOST_ROUNDS", 2)
    with pytest.raises(FitError, match="did not settle in 2 rounds"):
        run_rounds(design, AUTO, run)
    monkeypatch.undo()
    nowhere = start_from(torch.full_like(ended.x, torch.nan), ended.scales, ended.weight)
    again = run_rounds(design, AUTO, run, nowhere)  # what is in the checkpoint goes before a start
    assert again.rounds == ended.rounds and again.cg_iterations == ended.cg_iterations
    for name in ("x", "scales", "weight", "sd_log"):
        assert torch.equal(getattr(again, name), getattr(ended, name)), name


def test_a_state_is_a_baseline_of_its_design(design, ended):
    baseline = ended.baseline(design)
    assert baseline.x is ended.x and baseline.scales is ended.scales and baseline.weight is ended.weight


def test_damping_that_is_needed_stays_where_few_draws_send_scales_to_and_fro(monkeypatch):
    """A small screen of six fates and many guides a cell: plain Newton's steps go round in a circle."""
    monkeypatch.setattr(rounds, "ROUND_DRAWS", 4)
    monkeypatch.setattr(rounds, "PATIENCE", 6)
    screen = screen_of(simulated(fates=6, cells=400, moi=8.0))
    options = LaplaceOptions.of(Settings.from_mapping())
    seen, step = [], rounds._next_round
    monkeypatch.setattr(rounds, "_next_round", lambda *a: (seen.append(a[1].damping), step(*a))[1])
    state = run_rounds(options.design(screen), options)
    assert state.settled
    assert len(seen) > rounds.PATIENCE + 1 and max(seen) > 0
    assert (np.diff(seen[rounds.PATIENCE :]) >= 0).all()

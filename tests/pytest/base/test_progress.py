"""Bars: when they show themselves, and how far they say one is."""

import io
import math
from types import SimpleNamespace

import pytest

from fatebias.base import progress
from fatebias.base.progress import SILENT, Progress, share_of_way

NUMBERS = [0.0, 5e-324, 1e-300, 1.0, 1e300, math.inf, -1.0, math.nan]


@pytest.fixture
def screen(monkeypatch):
    """Stderr as a terminal, and bars that do not wait."""
    stream = io.StringIO()
    stream.isatty = lambda: True
    monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=stream))  # pytest sets its own between phases
    monkeypatch.setattr(progress, "DELAY", 0)
    monkeypatch.setattr(progress, "REFRESH", 0)
    monkeypatch.delenv("CI", raising=False)
    return stream


def test_asked_for_where_it_is_a_terminal_and_no_ci(screen, monkeypatch):
    assert Progress(None).shown and Progress(True).shown and not Progress(False).shown
    monkeypatch.setenv("CI", "true")
    assert not Progress(None).shown and Progress(True).shown
    monkeypatch.delenv("CI")
    screen.isatty = lambda: False
    assert not Progress(None).shown


def test_silent_says_nothing(screen):
    with SILENT.bar("Words", 2) as bar:
        bar.advance()
        bar.note("x")
        bar.part(1)(0.5)
    assert list(SILENT.each([1, 2], "Words", 2)) == [1, 2] and screen.getvalue() == ""


def test_a_bar_ends_at_100_percent_with_fewer_or_more_steps_than_thought(screen):
    for total in (2, 10):
        with Progress(True).bar("Words", total) as bar:
            for _ in range(4):
                bar.advance()
        last = screen.getvalue().split("\r")[-1]
        assert "Words" in last and "100%" in last


def test_time_left_is_shown_and_parts_add_up(screen):
    with Progress(True).bar("Words", 4) as bar:
        told = bar.part(2)
        told(0.5)
        told(0.25)  # never back
        told(1.0)
        bar.part(1)(1.0)
        assert bar._bar.n == 3
    assert "<" in screen.getvalue() and " 75%" in screen.getvalue()


def test_what_is_quick_is_not_shown(screen, monkeypatch):
    monkeypatch.setattr(progress, "DELAY", 60)
    assert list(Progress(True).each(range(5), "Words", 5)) == list(range(5))
    assert screen.getvalue() == ""


def test_a_bar_is_closed_by_an_interrupt(screen):
    def stopped():
        with Progress(True).bar("Words", 10) as bar:
            bar.advance()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert "100%" not in screen.getvalue()


def test_the_share_of_the_way_is_logarithmic():
    assert share_of_way(1.0, 0.1, 0.01) == pytest.approx(0.5)
    assert share_of_way(1.0, 2.0, 0.01) == 0.0 and share_of_way(1.0, 1e-9, 0.01) == 1.0
    assert share_of_way(0.001, 0.001, 0.01) == 1.0


@pytest.mark.parametrize("start", NUMBERS)
@pytest.mark.parametrize("end", NUMBERS)
def test_a_share_is_one_whatever_the_numbers(start, end):
    """The ratio of two numbers may be 0 or infinite, which has no logarithm."""
    for now in NUMBERS:
        assert 0.0 <= share_of_way(start, now, end) <= 1.0


@pytest.mark.parametrize("error", [BrokenPipeError(32, "Broken pipe"), ValueError("I/O operation on closed file")])
def test_no_display_ends_the_work(screen, monkeypatch, error):
    def fail(*_):
        raise error

    for broken in (SimpleNamespace(write=fail, flush=fail, isatty=lambda: True), None):
        monkeypatch.setattr(progress, "sys", SimpleNamespace(stderr=broken))
        with Progress(True).bar("Words", 2) as bar:
            bar.advance()
            bar.note("x")
            bar.part(1)(math.nan)
        assert list(Progress(True).each([1, 2], "Words", 2)) == [1, 2]

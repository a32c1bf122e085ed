"""Preflight of a guide map: columns, rows, controls, and whether its guides are those of the screen."""

import re
from collections.abc import Callable
from pathlib import Path

from ..base import ScreenError, Settings, first_few
from ..containers import open_screen
from ..screens import COLUMNS, GuideMap, examine_map, map_text, own_table, read_map_text
from .findings import Report

ITEM = "Guide map"
# how names of one guide differ between two files: what to say, and what takes the difference away
_SPELLINGS: tuple[tuple[str, Callable[[str], str]], ...] = (
    ("blanks at their ends", lambda name: name.strip()),
    ("upper and lower case", lambda name: name.strip().lower()),
    ("the signs between their parts", lambda name: re.sub(r"[-_. |]+", "_", name.strip().lower())),
    ("a suffix", lambda name: re.sub(r"[-_.][0-9]+$", "", re.sub(r"[-_. |]+", "_", name.strip().lower()))),
    ("a prefix", lambda name: re.sub(r"^[a-z]+_", "", re.sub(r"[-_. |]+", "_", name.strip().lower()))),
)


def check_map(report: Report, path: Path | str | None, screen: Path, guides: list[str] | None) -> GuideMap | None:
    """The guide map as a fit reads it, with the settings that the report suggests; None where it would be refused.

    path None: that of the screen's own file is looked at, if it has one.
    """
    if path is None and (guides is None or not _has_own(screen, guides, report.settings)):
        report.warn(ITEM, "not given, so not looked at", "name it: a CSV with the columns " + ", ".join(COLUMNS))
        return None
    with report.refusals(ITEM):
        text = map_text(screen if path is None else path, screen, guides or (), report.settings)
        reading = examine_map(text, report.settings, guides or ())
        for fault in reading.faults:
            if fault.suggested:
                report.suggest(ITEM, fault.found, fault.fix, **fault.suggested)
                reading = examine_map(text, report.settings, guides or ())
        for fault in reading.faults:
            report.problem(ITEM, fault.found, fault.fix)
        if reading.columns is None or reading.faults:
            return None
        control, genes = reading.columns.flags.eq(True), reading.columns.table["gene_name"]
        found = f"{genes[~control].nunique():,} genes, {(~control).sum():,} guides and {control.sum():,} controls"
        report.ok(ITEM, "; ".join([found, *reading.how]))
        for fault in reading.warnings:
            report.warn(fault.item, fault.found, fault.fix)
        return reading.guide_map().named_as(guides or ())
    return None


def _has_own(screen: Path, guides: list[str], settings: Settings) -> bool:
    """Does the file of the screen say what its guides target?"""
    with open_screen(screen, settings.modality, settings.guide_modality, settings.allow_external) as source:
        try:
            own_table(source, guides)
        except ScreenError:  # it is a question here, no fault
            return False
    return True


def check_match(report: Report, given: GuideMap, guides: list[str]) -> None:
    """Are the guides of the screen those of the map?"""
    item = "Guides in the map"
    known = set(given.guide_names)
    lacking = [name for name in guides if name not in known]
    if not lacking:
        report.ok(item, f"all {len(guides):,} guides of the screen are in the map")
        return
    found = f"{len(lacking):,} of {len(guides):,} guides of the screen are not in the map: {first_few(lacking)}"
    report.problem(item, found, _spelling_hint(lacking, given))


def _spelling_hint(lacking: list[str], given: GuideMap) -> str:
    """How the names differ, where one rule brings most of them together."""
    for what, rule in _SPELLINGS:
        known: dict[str, str] = {}
        for name in given.guide_names:
            known.setdefault(rule(name), name)
        pairs = [(name, known[rule(name)]) for name in lacking if rule(name) in known]
        if len(pairs) > len(lacking) / 2:
            mine, its = pairs[0]
            return (
                f"{len(pairs):,} of them differ by {what} only, as {mine!r} in the screen and {its!r} in the map: "
                "write them alike"
            )
    genes = set(given.gene_names)
    if sum(name in genes for name in lacking) > len(lacking) / 2:
        return "they are names of genes: the screen must hold guides, one column each"
    return "add them to the map"


def read_names(path: Path | str | None) -> set[str]:
    """Every text of a guide map, to recognise the names of guides by; empty where it cannot be read."""
    try:
        return set() if path is None else set().union(*read_map_text(path).columns)
    except ScreenError:  # said where the map is checked
        return set()

"""The guide map: which gene a guide targets, and which guides are controls.

One row a guide: its name, its gene, and whether it is a control; in this package's layout the columns guide_name,
gene_name and is_ntc. Non-targeting (and safe-targeting) controls form the baseline whose effect is exactly zero.
`examine_map` finds all that is wrong at once, for the preflight; `read_guide_map` refuses the first of it.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ..base import ScreenError, Settings, first_few, short
from .control_names import is_date, look_alike, looks_like_control
from .doubt import Doubt
from .map_layouts import COLUMNS, Fault, MapColumns, find_columns, guess_columns
from .text_table import TextTable, name_rows, read_text_table, text_table_of

_MOST = 200_000_000  # characters of a guide map


@dataclass(frozen=True, kw_only=True)
class GuideMap:
    """A checked guide map, rows in file order.

    guide_names: tuple of str, unique. gene_names: tuple of str, the gene of each guide.
    is_ntc: bool array, True for controls; at least one. other_names: second names of the guides, if there are any.
    doubts: what is odd in it, but no fault.
    """

    guide_names: tuple[str, ...]
    gene_names: tuple[str, ...]
    is_ntc: np.ndarray
    other_names: tuple[str, ...] | None = None
    doubts: tuple[Doubt, ...] = ()

    def named_as(self, guides: Iterable[str]) -> "GuideMap":
        """The map with the names by which more of these guides are found in it."""
        others, wanted = self.other_names, set(guides)
        if others is None or len(set(others)) < len(others):
            return self
        if len(wanted.intersection(others)) <= len(wanted.intersection(self.guide_names)):
            return self
        return dataclasses.replace(self, guide_names=others, other_names=None)


@dataclass(frozen=True, kw_only=True)
class MapReading:
    """What a table is as a guide map. columns: None where they cannot be told. faults, warnings: in order."""

    text: TextTable
    columns: MapColumns | None
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...] = ()

    @property
    def how(self) -> tuple[str, ...]:
        """How the table is read, where that is not by its own three columns."""
        if self.columns is None:
            return self.text.notes
        name = self.columns.layout.name
        return ((f"read as {name}",) if name else ()) + self.text.notes

    def guide_map(self) -> GuideMap:
        """The map; raises ScreenError for the first fault."""
        found = self.columns
        if found is None or self.faults:
            raise ScreenError(self.faults[0].about(self.text.source))
        return GuideMap(
            guide_names=tuple(found.table["guide_name"]), gene_names=tuple(found.table["gene_name"]),
            is_ntc=found.flags.eq(True).to_numpy(bool),
            other_names=None if found.others is None else tuple(found.others),
            doubts=tuple(Doubt(item=one.item, found=f"the map {one.found}", fix=one.fix) for one in self.warnings),
        )  # fmt: skip


def read_guide_map(path: str | Path, settings: Settings | None = None) -> GuideMap:
    """Read and check the guide map of a file; raises ScreenError with file, lines and what to do.

    settings: `guide_map_columns` and `control_pattern`; None: their defaults.
    """
    return examine_map(read_map_text(path), settings or Settings.from_mapping()).guide_map()


def map_from_table(frame: pd.DataFrame, settings: Settings, source_name: str, guides: Sequence[str]) -> GuideMap:
    """A guide map from any table, such as the `var` of a modality with guides; raises ScreenError.

    Its columns are found as those of a file are; an index of texts names the guides where no column does, or gives
    their second names. source_name: where the table is, for messages. guides: names of the screen's guides.
    """
    text = text_table_of(frame, f"The guide map {source_name}")
    return examine_map(text, settings, guides).guide_map().named_as(guides)


def read_map_text(path: str | Path) -> TextTable:
    """A guide map as it stands in its file, all of it texts; raises ScreenError."""
    return read_text_table(path, "The guide map", _MOST)


def examine_map(text: TextTable, settings: Settings, guides: Iterable[str] = ()) -> MapReading:
    """All that is wrong with a table as a guide map. guides: those of the screen, to recognise their column by."""
    if text.n_rows == 0:
        return MapReading(text=text, columns=None, faults=(Fault(found="has a header but no rows"),))
    found = find_columns(text, settings)
    if isinstance(found, Fault):
        given = any(settings.blocks["guide_map_columns"].values())
        helped = _advised(found, text, guides, given) if "lacks" in found.found else found
        return MapReading(text=text, columns=None, faults=(helped,))
    faults = tuple(_faults(found, text))
    return MapReading(text=text, columns=found, faults=faults, warnings=() if faults else tuple(_warnings(found)))


def _faults(found: MapColumns, text: TextTable) -> Iterator[Fault]:
    table, flags, (guide, gene, control) = found.table, found.flags, (found.labels[name] for name in COLUMNS)
    if table.empty:
        yield Fault(found="has no row of a guide", fix="are its features of the type CRISPR Guide Capture?")
        return
    no, yes = found.words
    genes = table.groupby("guide_name", sort=False)["gene_name"].nunique()
    two = table["guide_name"].isin(genes.index[genes > 1])
    twice = table["guide_name"].duplicated(keep=False) & ~two
    kinds = [
        (table["guide_name"] == "", f"with no {guide}", "name each guide"),
        (table["gene_name"] == "", f"with no {gene}", "give each guide a gene, and controls one name, such as NTC"),
        (flags.isna(), f"whose {control} is neither {no} nor {yes}", f"write {yes} for controls, {no} for all others"),
        *((bad, f"with {what}", "correct them, or leave them out") for bad, what in found.doubts),
        (two, "with a guide with two genes", "a guide belongs to one gene"),
        (twice, "with a duplicated guide", "keep one row a guide"),
    ]
    for bad, what, fix in kinds:
        if bad.any():
            rows = np.flatnonzero(bad)
            shown = name_rows((text.place(found.rows[row]), table.iloc[row]) for row in rows)
            yield Fault(found=f"has {len(rows)} row(s) {what}: {shown}", fix=fix)
    turned = _turned_round(found)
    if turned is not None:
        yield turned
    elif not flags.eq(True).any() and not flags.isna().any():
        yield Fault(
            found=f"has no control guide (by {control})",
            fix=f"non-targeting guides define the zero of every effect; {_controls_hint(table)}",
        )


def _like_controls(table: pd.DataFrame) -> pd.Series:
    """bool, guides that are named, by gene or on their own, as controls usually are."""
    return table["gene_name"].map(looks_like_control) | table["guide_name"].map(looks_like_control)


def _turned_round(found: MapColumns) -> Fault | None:
    """Are the guides named like controls none, while most others are?"""
    like, control = _like_controls(found.table), found.flags.eq(True)
    if not like.any() or like.all() or control[like].any() or control[~like].mean() <= 0.5:
        return None
    no, yes = found.words
    names, label = first_few(found.table["gene_name"][like].unique()), found.labels["is_ntc"]
    n, m = int(like.sum()), int(control.sum())
    others = f"{m:,} {'other has' if m == 1 else 'others have'} {yes}"
    named = f"{_guides(n)} named like controls ({names}) {'has' if n == 1 else 'have'} {no}"
    return Fault(
        found=f"seems to have {label} reversed: {named}, and {others}",
        fix=f"write {yes} for controls, {no} for all others",
    )


def _guides(n: int) -> str:
    return f"{n:,} guide{'' if n == 1 else 's'}"


def _controls_hint(table: pd.DataFrame) -> str:
    like = _like_controls(table)
    if not like.any():
        return "no name looks like a control's: a screen without control guides cannot be fitted"
    names = first_few(table["gene_name"][like].unique())
    return f"{_guides(like.sum())} named like controls ({names}): mark them"


def _warnings(found: MapColumns) -> Iterator[Fault]:
    table, control = found.table, found.flags.eq(True)
    like = table["gene_name"].map(looks_like_control)
    hidden = like & ~control
    if hidden.any():
        named = f"a {found.labels['gene_name']} like a control's: {first_few(table['gene_name'][hidden].unique())}"
        yield Fault(
            found=f"has {_guides(hidden.sum())} not marked as controls by {found.labels['is_ntc']}, with {named}",
            fix="mark them as controls if they are", item="Controls",
        )  # fmt: skip
    both = set(table["gene_name"][control & ~like]) & set(table["gene_name"][~control & ~like])
    if both:
        yield Fault(
            found=f"marks some guides of a gene as controls and others not: {first_few(sorted(both))}",
            fix="is that right?", item="Controls",
        )  # fmt: skip
    alike = look_alike(table["gene_name"][~control])
    if alike:
        yield Fault(
            found=f"has genes whose names differ by case or invisible signs only: {first_few(map(repr, alike))}",
            fix="write a gene one way",
        )
    dates = [name for name in table["gene_name"].unique() if is_date(name)]
    if dates:
        yield Fault(
            found=f"has genes that are dates, as Excel makes of MARCH1 and MARC1 alike: {first_few(dates)}",
            fix="write the names of the genes",
        )
    if control.mean() > 0.5:
        yield Fault(
            found=f"marks {control.sum():,} of {len(control):,} guides as controls, of the genes "
            f"{first_few(table['gene_name'][control].unique())}",
            fix="is that right?",
            item="Controls",
        )


def _advised(fault: Fault, text: TextTable, guides: Iterable[str], given: bool) -> Fault:
    """The fault that columns are missing, with the settings that name what looks like them."""
    if given:
        advice = "name columns that it has in guide_map_columns; where none tells controls, set control_pattern"
        return dataclasses.replace(fault, fix=advice)
    guess = guess_columns(text, guides)
    if not guess:
        return dataclasses.replace(fault, fix=f"its first line must name the columns, as in {','.join(COLUMNS)}")
    keys = dict(zip(COLUMNS, ("guide", "gene", "control")))
    columns = {keys[own]: guess[own] for own in COLUMNS if own in guess and guess[own] != own}
    fixes = [f"no column looks like {own}: add it" for own in COLUMNS[:2] if own not in guess]
    suggested: dict[str, object] = {"guide_map_columns": columns} if columns else {}
    if columns:
        shown = ", ".join(f"{key}: {short(name)}" for key, name in columns.items())
        fixes.insert(0, f"set guide_map_columns: {{{shown}}}")
    if "is_ntc" not in guess:
        genes = text.series(text.header.index(guess["gene_name"])) if "gene_name" in guess else pd.Series([], dtype=str)
        like = genes[genes.map(looks_like_control).astype(bool)]
        if len(like):
            pattern, names = _pattern(like.unique()), first_few(like.unique())
            suggested["control_pattern"] = pattern
            fixes.append(f"set control_pattern: {short(pattern)} ({len(like):,} guides of {names})")
        else:
            fixes.append("add is_ntc: 1 for a control guide, 0 for any other")
    complete = all(own in guess for own in COLUMNS[:2]) and ("is_ntc" in guess or "control_pattern" in suggested)
    return dataclasses.replace(fault, fix="; ".join(fixes), suggested=suggested if complete else {})


def _pattern(names: Iterable[str]) -> str:
    """A regular expression of names, numbers at their ends left open."""
    words = dict.fromkeys(re.escape(re.sub(r"\d+$", "", name)).replace(r"\-", "-") for name in names)
    return f"({'|'.join(words)})[0-9]*"

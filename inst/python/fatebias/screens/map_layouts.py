"""Layouts of guide maps: which columns of a table name guides, genes and controls, in our tables and those of others.

A layout of others is known by its columns, where these leave no doubt; any other table is read by the settings
`guide_map_columns` and `control_pattern`. Names of columns agree without regard to case and to the signs between words.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from ..base import CONSTANTS, Settings, short
from .control_names import names_controls
from .text_table import TextTable

COLUMNS = ("guide_name", "gene_name", "is_ntc")
_FLAGS = dict.fromkeys(("0", "0.0", "false", "f", "no", "n"), False) | dict.fromkeys(
    ("1", "1.0", "true", "t", "yes", "y"), True
)
_CONTROL_KINDS = ("non_targeting", "safe_targeting", "negative_control")  # IGVF's types of guides, as plain names
_IGNORED = "Ignore"  # Cell Ranger's word for a guide that has no target and is no control


@dataclass(frozen=True, kw_only=True)
class Fault:
    """What is wrong, a sentence without its subject that begins with its verb, and what to do.

    suggested: settings that mend it. item: what it is about, as a row of the preflight.
    """

    found: str
    fix: str = ""
    suggested: Mapping[str, Any] = field(default_factory=dict)
    item: str = "Guide map"

    def about(self, subject: str) -> str:
        fix = f" {self.fix[0].upper()}{self.fix[1:]}." if self.fix else ""
        return f"{subject} {self.found}.{fix}"


@dataclass(frozen=True, kw_only=True)
class Layout:
    """Columns by what they tell. name: how messages call it; "" for this package's own, or one that settings name.

    control: flags of controls; "": the gene tells, as "non-targeting". turned: a flag is true for guides that are none.
    kind: IGVF's type of a guide. other_guide: a second name of each guide. other_gene: used where `gene` is empty.
    feature: column with the type of a feature, rows of other types being no guides.
    """

    guide: str
    gene: str
    control: str = ""
    name: str = ""
    turned: bool = False
    kind: str = ""
    other_guide: str = ""
    other_gene: str = ""
    feature: str = ""


LAYOUTS = (
    Layout(
        name="IGVF's table of guides", guide="guide_id", gene="intended_target_name", control="targeting",
        turned=True, kind="type",
    ),
    Layout(name="sceptre's grna_target_data_frame", guide="grna_id", gene="grna_target"),
    Layout(
        name="Cell Ranger's feature reference", guide="id", gene="target_gene_name", other_guide="name",
        other_gene="target_gene_id", feature="feature_type",
    ),
    Layout(name="a list of guide_targets", guide="guide_names", gene="guide_targets"),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class MapColumns:
    """Guides, genes and controls of a table, in its rows.

    table: texts, columns COLUMNS. flags: True, False or None (cannot be read), of controls. rows: where each stands in
    the table. labels: the names of COLUMNS in the table. others: second names of the guides, or None.
    doubts: bool [rows] and a sentence, rows that contradict themselves.
    """

    layout: Layout
    table: pd.DataFrame
    flags: pd.Series
    rows: np.ndarray
    labels: dict[str, str]
    others: list[str] | None
    doubts: list[tuple[pd.Series, str]]

    @property
    def words(self) -> tuple[str, str]:
        """How its flags are written for guides that are no controls, and for controls."""
        return ("TRUE", "FALSE") if self.layout.turned else ("0", "1")


def find_columns(text: TextTable, settings: Settings) -> MapColumns | Fault:
    """The columns of a guide map, or why they cannot be told."""
    chosen = _choose(text, settings)
    if isinstance(chosen, Fault):
        return chosen
    given = [name for name in settings.blocks["guide_map_columns"].values() if name]
    used = [name for name in (chosen.guide, chosen.gene, chosen.control, chosen.kind) if name]
    for name in used:
        places = _places(text, name, name in given)
        if len(places) > 1:
            shown = " and ".join(str(place + 1) for place in places)
            return Fault(found=f"has two columns {short(name)} (columns {shown})", fix="keep the right one")
    missing = [name for name in (chosen.guide, chosen.gene, chosen.control) if name and not _has(text, name, chosen)]
    if missing:
        return Fault(
            found=f"lacks the column(s) {', '.join(missing)}; it has {', '.join(map(short, text.header[:12]))}"
        )
    return _read(text, chosen, settings)


def _choose(text: TextTable, settings: Settings) -> Layout | Fault:
    given, pattern = settings.blocks["guide_map_columns"], settings.control_pattern
    names = [given[key] or own for key, own in zip(("guide", "gene", "control"), COLUMNS)]
    own = Layout(guide=names[0], gene=names[1], control="" if pattern else names[2])
    if any(given.values()) or _fits(text, own):
        return own
    found = [layout for layout in LAYOUTS if _fits(text, layout)]
    if len(found) > 1:
        names = [layout.name for layout in found]
        return Fault(
            found=f"may be {' or '.join(names)}: it has the columns of both", fix="name its columns: guide_map_columns"
        )
    return found[0] if found else own


def _fits(text: TextTable, layout: Layout) -> bool:
    flags = not layout.control or _has(text, layout.control, layout)
    guides_only = not layout.feature or bool(_places(text, layout.feature))
    return _has(text, layout.guide, layout) and _has(text, layout.gene, layout) and flags and guides_only


def _has(text: TextTable, name: str, layout: Layout) -> bool:
    """Is there such a column? Names of guides may be an index, and IGVF's flags its types."""
    if _places(text, name) or (name == layout.guide and text.index is not None):
        return True
    return bool(name == layout.control and layout.kind and _places(text, layout.kind))


def _places(text: TextTable, name: str, exactly: bool = False) -> list[int]:
    """Where columns of a name stand; exactly: the very name goes before one that is alike."""
    same = [j for j, header in enumerate(text.header) if header == name]
    if exactly and same:
        return same
    return [j for j, header in enumerate(text.header) if plain_name(header) == plain_name(name)]


def plain_name(name: str) -> str:
    """A name of a column without regard to case and to the signs between its words."""
    return re.sub(r"[^a-z0-9]+", "_", name.casefold()).strip("_")


def _read(text: TextTable, layout: Layout, settings: Settings) -> MapColumns:
    exact = [name for name in settings.blocks["guide_map_columns"].values() if name]

    def column(name: str) -> pd.Series | None:
        places = _places(text, name, name in exact) if name else []
        return text.series(places[0]) if places else None

    feature = column(layout.feature)
    keep = np.arange(text.n_rows) if feature is None else np.flatnonzero(feature == CONSTANTS.feature_type)
    guide, index = column(layout.guide), None if text.index is None else pd.Series(text.index, dtype=object)
    others = index if layout.other_guide == "" else column(layout.other_guide)
    guide = index if guide is None else guide
    gene, other_gene, flag, kind = map(column, (layout.gene, layout.other_gene, layout.control, layout.kind))
    assert guide is not None and gene is not None  # found before
    gene = gene if other_gene is None else gene.where(gene != "", other_gene)
    doubts: list[tuple[pd.Series, str]] = []
    flags, shown = _flags(layout, guide, gene, flag, kind, settings.control_pattern)
    if kind is not None and flag is not None and not settings.control_pattern:
        doubts.append((_contradict(flags, kind), f"a {layout.control} that contradicts the {layout.kind}"))
    if layout.other_gene:
        doubts.append((gene == _IGNORED, f"the target {_IGNORED!r}, which is neither a gene nor a control"))
    if layout.name or exact:  # others name no gene for controls
        gene = gene.where((gene != "") | ~flags.eq(True), "non-targeting")
    by_column = layout.control if flag is not None else layout.kind if kind is not None else layout.gene
    label = "control_pattern" if settings.control_pattern else by_column
    table = pd.DataFrame(dict(zip(COLUMNS, (guide, gene, shown))))
    return MapColumns(
        layout=layout, table=table.iloc[keep].reset_index(drop=True), flags=flags.iloc[keep].reset_index(drop=True),
        rows=keep, labels=dict(zip(COLUMNS, (layout.guide, layout.gene, label))),
        others=None if others is None else others.iloc[keep].tolist(),
        doubts=[(bad.iloc[keep].reset_index(drop=True), what) for bad, what in doubts],
    )  # fmt: skip


def _flags(
    layout: Layout, guide: pd.Series, gene: pd.Series, flag: pd.Series | None, kind: pd.Series | None,
    pattern: str | None,
) -> tuple[pd.Series, pd.Series]:  # fmt: skip
    """Which guides are controls (True, False, None), and the texts that say so."""
    if pattern is not None:
        control = pd.Series([bool(re.fullmatch(pattern, a) or re.fullmatch(pattern, b)) for a, b in zip(guide, gene)])
        return control.astype(object), control.map({True: "control", False: "no control"}).astype(object)
    if flag is None and kind is None:
        return gene.map(names_controls).astype(object), gene
    if flag is None:
        assert kind is not None
        return pd.Series([None if one == "" else plain_name(one) in _CONTROL_KINDS for one in kind], dtype=object), kind
    found = [_FLAGS.get(text.lower()) for text in flag]
    if layout.turned:
        found = [None if one is None else not one for one in found]
    known = pd.Series(found, dtype=object)
    if kind is not None:  # a safe-targeting guide targets something, and is a control
        known[kind.map(plain_name).isin(_CONTROL_KINDS[1:])] = True
    return known, flag


def _contradict(flags: pd.Series, kind: pd.Series) -> pd.Series:
    """bool, guides whose flag says the opposite of their type (IGVF)."""
    word = kind.map(plain_name)
    targeting = word.isin(("targeting", "positive_control", "variant"))
    return (flags.eq(True) & targeting) | (flags.eq(False) & word.isin(_CONTROL_KINDS))


_WORDS = {
    "guide_name": re.compile(r"guide|grna|barcode|protospacer|^name$|^id$", re.I),
    "gene_name": re.compile(r"gene|target|symbol", re.I),
    "is_ntc": re.compile(r"ntc|control|ctrl|non.?target|neg", re.I),
}


def guess_columns(text: TextTable, guides: Iterable[str] = ()) -> dict[str, str]:
    """Columns that look like guide_name, gene_name and is_ntc, by that name. guides: those of the screen, if known."""
    known, headers = set(guides), [name for name in text.header if text.header.count(name) == 1]
    found = {wanted: name for wanted in COLUMNS for name in headers if plain_name(name) == wanted}
    for wanted in [name for name in COLUMNS if name not in found]:
        free = [name for name in headers if name and name not in found.values()]
        scores = {name: _score(wanted, name, text.columns[text.header.index(name)], known) for name in free}
        best = max(scores, key=lambda name: scores[name], default="")
        if best and scores[best] > 0.5:
            found[wanted] = best
    return found


def _score(wanted: str, name: str, texts: list[str], guides: set[str]) -> float:
    named = float(bool(_WORDS[wanted].search(name)))
    if wanted == "guide_name" and guides:
        return named + 2 * sum(one in guides for one in texts) / max(len(texts), 1)
    return named * all(one.lower() in _FLAGS for one in texts) if wanted == "is_ntc" else named

"""Preflight of the fate probabilities: the table, its values, the names of the fates."""

import re
from collections.abc import Iterator
from functools import partial

import numpy as np

from ..base import ScreenError, first_few
from ..containers import ScreenSource
from ..screens import (
    PROBABILITY_TOLERANCE,
    REST,
    FateTable,
    Reader,
    StateColumn,
    as_numbers,
    contrast_parts,
    contrast_sides,
    contrast_weights,
    count_mended,
    count_terminal_cells,
    doubt_sets,
    fates_fault,
    in_order_of,
    lack_probabilities,
    names_beside,
    nearest_name,
    probability_faults,
    state_column,
)
from .findings import KEYS, Report, cells_named, find_key
from .lookalikes import Lookalike, fate_tables, name_lists, state_columns

ITEM, SETS = KEYS["fate_prob_key"][1], "Label sets"
_NO_FATES = 'put them there: adata.obsm["fateprob"] = a table, cells x fates, rows sum to 1'


def find_fates(report: Report, source: ScreenSource) -> bool:
    """The fate probabilities and, for a plain array, names of the fates."""
    if len(keys := report.settings.label_sets) > 1:
        missing = [key for key in keys if source.element("obsm", key) is None]
        if missing:
            named = ", ".join(f"obsm['{key}']" for key in missing)
            found = f"no {named}; obsm has: {first_few(source.names('obsm')) or 'nothing'}"
            report.problem(ITEM, found, "fate_prob_key must name label sets that the file has, or one of them")
            return False
    elif not find_key(report, source, "fate_prob_key", lambda: fate_tables(source), _NO_FATES):
        return False
    return all(_find_names(report, source, key) for key in report.settings.label_sets)


def _find_names(report: Report, source: ScreenSource, key: str) -> bool:
    """Names of the fates of one entry, where it is a plain array."""
    element = source.element("obsm", key)
    if element is None or element.kind != "array" or report.settings.fates or names_beside(source, key).names_columns:
        return True
    probs = as_numbers(element.read(), f"{source.path}: obsm['{key}']")
    n = probs.shape[1]
    found = f"obsm['{key}'] is an array without names of its {n} fates"
    suggested = next(_names_for(source, key, probs), None)
    if suggested is None:
        report.problem(
            ITEM, found, f"name them in column order: fates: [{', '.join(f'name{j + 1}' for j in range(n))}]"
        )
        return False
    names, why = suggested
    report.suggest(ITEM, found, f"set fates: [{', '.join(names)}] ({why})", fates=tuple(names))
    return True


def _names_for(source: ScreenSource, key: str, probs: np.ndarray) -> Iterator[tuple[list[str], str]]:
    """Names that the columns of an array may have, and where they are from: first those that terminal cells show."""
    n = probs.shape[1]
    alike = [one for one in map(partial(_states_at, source), state_columns(source, n)) if one is not None]
    for states in [*names_beside(source, key).states, *alike]:
        cells = count_terminal_cells(states, probs) if len(states.codes) == len(probs) else None
        if cells is not None and cells.names:
            yield cells.names, f"from {states.where}, in the order that its {cells.n_sure:,} terminal cells show"
    for states in alike:
        yield list(states.states), f"from {states.where}; check their order"
    for one in name_lists(source, n):
        named = source.element(one.table, one.key)
        yield (named.texts(n) or [] if named is not None else []), f"from {one.table}['{one.key}']; check their order"


def _states_at(source: ScreenSource, one: Lookalike) -> StateColumn | None:
    element = source.element(one.table, one.key)
    labels = None if element is None else element.read_labels()
    return None if labels is None else state_column(f"{one.table}['{one.key}']", labels)


def check_names(report: Report, table: FateTable) -> None:
    """What terminal cells say of the names of the columns."""
    item = "Fate names"
    if table.doubts:
        for doubt in table.doubts:
            report.doubt(doubt)
    elif table.found:
        report.ok(item, table.found)


def check_values(report: Report, reader: Reader, probs: np.ndarray) -> None:
    """Values of the fate probabilities: numbers, none negative, rows that sum to 1; or none at all for a cell."""
    item, key = ITEM, reader.fate_label
    lacking = lack_probabilities(probs)
    _check_lacking(report, reader, lacking)
    (unknown, _), (below_zero, _), (no_sum, _) = probability_faults(probs)
    known, negative, off = ~(unknown | lacking), below_zero & ~unknown, no_sum & ~unknown
    with np.errstate(invalid="ignore"):  # infinite ones of both signs
        empty, total = known & (probs == 0).all(1), probs.sum(1)[known]
    keep = f"leave them out: P = numpy.asarray(adata.{key}); adata = adata[numpy.isfinite(P).all(1) & (P.sum(1) > 0)]"
    if unknown.any():
        report.problem(item, f"{cells_named(reader, unknown)} with some values NaN or infinite", keep)
    if negative.any():
        report.problem(item, f"{cells_named(reader, negative)} with negative values", "these are no probabilities")
    if empty.any():
        report.problem(item, f"{cells_named(reader, empty)} with zero for every fate", keep)
    off &= ~empty
    if off.any() and np.abs(np.median(total) - 100) < 100 * PROBABILITY_TOLERANCE:
        report.problem(item, f"rows of {key} sum to 100: they are percent", f"adata.{key} = adata.{key} / 100")
    elif off.any():
        low, high = probs[off].sum(1).min(), probs[off].sum(1).max()
        found = f"rows of {key} do not sum to 1: {cells_named(reader, off)}, sums from {low:.3g} to {high:.3g}"
        fix = "is a fate missing? Else divide each row by its sum"
        report.problem(item, found, fix)
    if known.any() and not (unknown | negative | empty | off).any():
        report.ok(item, f"{key}, rows sum to 1{_mended_words(probs)}")


def _check_lacking(report: Report, reader: Reader, lacking: np.ndarray) -> None:
    """Cells without any fate probability, and what `missing_fates` makes of them."""
    if not lacking.any():
        return
    found = f"{cells_named(reader, lacking)} without fate probabilities (all NaN)"
    if lacking.all():
        report.problem(ITEM, found, "no cell has any: is this the right entry?")
    elif reader.settings.missing_fates == "error":
        report.suggest(ITEM, found, "set missing_fates: drop, which leaves them out", missing_fates="drop")
    else:
        report.warn(ITEM, f"{found} are left out", "is it known why? missing_fates: error refuses them")


def _mended_words(probs: np.ndarray) -> str:
    """What rounding will be mended, as the end of a sentence."""
    counts = count_mended(probs)
    words = {"negative_to_zero": "negative by rounding (set to 0)", "sum_to_one": "with sums a little off (rescaled)"}
    told = [f"{n:,} cell{'' if n == 1 else 's'} {words[what]}" for what, n in counts.items() if n]
    return "".join(f"; {text}" for text in told)


def check_sets(report: Report, tables: list[FateTable]) -> np.ndarray | None:
    """Several label sets side by side: the same fates, cells that some lack. Probabilities of the others, if any."""
    keys = report.settings.label_sets
    if len(tables) < 2:
        return None
    if fault := fates_fault(keys, [table.fates for table in tables]):
        report.problem(SETS, fault)
        return None
    others = in_order_of(tables[0], tables[1:])
    doubts = list(doubt_sets(keys, tables[0].probs, others))
    for doubt in doubts:
        report.doubt(doubt)
    if not doubts:
        report.ok(SETS, f"{len(keys)} of the same fates and cells: {', '.join(keys)}; each is fitted")
    return others


def check_fate_names(report: Report, fates: list[str]) -> None:
    """Reference and contrast; any of the fates may be named, so the first is suggested as an example."""
    s, wanted = report.settings, {}
    if s.fates and sorted(s.fates) != sorted(fates):
        found = f"fates names {first_few(s.fates)}, but the columns are {first_few(fates)}"
        report.suggest("Fates", found, "remove fates: the table has names of its own", fates=None)
    reference = s.ref_fate if s.ref_fate in fates else _alike(s.ref_fate, fates) or fates[0]
    if s.ref_fate not in fates:
        wanted["ref_fate"] = reference
    try:
        contrast_weights(s.contrast_fate, (reference, *[name for name in fates if name != reference]))
        mistake = ""
    except ScreenError as error:
        mistake = str(error)
        others = [name for name in fates if name != reference]
        mended = _mended(s.contrast_fate, fates, reference)
        if mended or len(contrast_parts(s.contrast_fate)) == 1:
            wanted["contrast_fate"] = mended or others[0]
    if mistake and "contrast_fate" not in wanted:  # no other question in place of the one that was asked
        report.problem("Fates", mistake.removesuffix("."), "mend contrast_fate")
        return
    if not wanted:
        report.ok("Fates", f"{', '.join(fates)}; effects on {_compared(s.contrast_fate, fates, reference)}")
        return
    lines = ", ".join(f"{key}: {value}" for key, value in wanted.items())
    if s.ref_fate in fates:
        found = mistake.removesuffix(".")
    else:
        found = f"ref_fate: {s.ref_fate} and contrast_fate: {s.contrast_fate} do not fit the fates {', '.join(fates)}"
    report.suggest("Fates", found, f"choose among them, as in {lines}", **wanted)


def check_contrasts(report: Report, fates: list[str]) -> None:
    """The contrasts that are reported beside `contrast_fate`."""
    s, mistakes = report.settings, {}
    for contrast in s.contrasts or ():
        try:
            contrast_weights(contrast, (s.ref_fate, *[name for name in fates if name != s.ref_fate]), "contrasts")
        except ScreenError as error:
            mistakes[contrast] = str(error).removesuffix(".")
    if mistakes:
        kept = tuple(contrast for contrast in s.contrasts or () if contrast not in mistakes)
        fix = f"mend or remove {first_few(mistakes)} in contrasts"
        report.suggest("Contrasts", "; ".join(mistakes.values()), fix, contrasts=kept or None)


def _compared(contrast: str, fates: list[str], reference: str) -> str:
    """The two sides of a contrast in words."""
    sides = contrast_sides(contrast, (reference, *[name for name in fates if name != reference]))
    return " against ".join(first_few(side) for side in sides or ())


def _mended(contrast: str, fates: list[str], reference: str) -> str | None:
    """The contrast with each part as the fate that it nearly names; None where there is none."""
    tight = ((contrast[:i].strip(), contrast[i + 1 :].strip()) for i, sign in enumerate(contrast) if sign == "-")
    parts = next((list(sides) for sides in tight if set(sides) <= set(fates)), contrast_parts(contrast))
    near = [_near(part, fates) for part in parts]
    mended = " - ".join(name for name in near if name is not None)
    try:
        contrast_weights(mended, (reference, *[name for name in fates if name != reference]))
    except ScreenError:
        return None
    return mended if None not in near else None


def _near(part: str, fates: list[str]) -> str | None:
    """A side of a contrast with each name as the fate that it nearly is; None where there is none."""
    mean = re.fullmatch(r"\((.+)\)\s*/\s*\d+", part)
    if mean:
        names = [_near(name.strip(), fates) for name in mean[1].split("+")]
        return None if None in names else f"({' + '.join(map(str, names))}) / {len(names)}"
    return part if part == REST else _alike(part, fates) or nearest_name(part, fates)


def _alike(name: str, names: list[str]) -> str | None:
    """The name that differs in upper and lower case only."""
    return next((other for other in names if other.lower() == name.lower()), None)

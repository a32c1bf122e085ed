"""The table of settings (settings.yaml), which R shares, and the check of a typed value against its row.

R/settings_table.R does the same there. Nothing here names a single setting but `preset`.
"""

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from .errors import SettingsError
from .settings_text import LOADER

TABLE: dict[str, dict[str, Any]] = yaml.load((Path(__file__).parent / "settings.yaml").read_bytes(), Loader=LOADER)

_TOKEN = re.compile(r"[][A-Za-z0-9_.:,/@&|+=*()-]+")
_NO_LINE = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]|\{\{|\}\}")  # what adds lines to a script, or fills it
_MOST_UNKNOWN = 20  # keys that are no settings and are told, each with the nearest one
_MOST_SHOWN = 200  # characters of a value in a message
_LARGEST_INTEGER = 2**31 - 1  # of R


def checked_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """All settings, checked: defaults, overridden by the preset, overridden by `given`; blocks are dicts.

    Raises SettingsError (all problems in one message).
    """
    _refuse_unknown(given)
    preset = given.get("preset", TABLE["preset"]["default"])
    values = {key: _default(row, preset) for key, row in TABLE.items()} | dict(given)
    settings, problems = {}, []
    for key, value in values.items():
        try:
            settings[key] = _checked(key, value, TABLE[key])
        except SettingsError as error:
            problems.append(str(error))
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def _default(row: Mapping[str, Any], preset: Any = "") -> Any:
    """An unknown preset, of whatever type, is found when its own key is checked."""
    if "keys" in row:
        return {key: _default(below, preset) for key, below in row["keys"].items()}
    return row.get(preset if isinstance(preset, str) else "", row["default"])


def _refuse_unknown(given: Mapping[str, Any], table: Mapping[str, Any] = TABLE, block: str = "") -> None:
    messages, known = [], {key.lower(): key for key in table}
    unknown = [key for key in given if key not in table]
    for key in unknown[:_MOST_UNKNOWN]:
        name = str(key)[:_MOST_SHOWN]
        near = known[difflib.get_close_matches(name.lower(), known, n=1, cutoff=0.0)[0]]
        messages.append(f"`{block}{name}` is not a setting; the nearest one is `{block}{near}`.")
    if messages:
        raise SettingsError("\n".join(messages))


def _checked_block(key: str, value: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    """A block of keys, whole, with defaults for what was not given."""
    given = {} if value is None else _converted("mapping", value)
    if given is None:
        raise _must_be(key, value, row)
    _refuse_unknown(given, row["keys"], f"{key}.")
    values = _default(row) | given
    return {name: _checked(f"{key}.{name}", item, row["keys"][name]) for name, item in values.items()}


def _checked(key: str, value: Any, row: Mapping[str, Any]) -> Any:
    """The value in its Python type, or SettingsError."""
    if "keys" in row:
        return _checked_block(key, value, row)
    if value is None:
        if row.get("nullable"):
            return None
        raise SettingsError(f"`{key}` must be {_wanted(row)}, not null.")
    if isinstance(value, str) and value in row.get("choices", ()):
        return value
    if row["type"] == "string" and "choices" in row:
        raise _must_be(key, value, row)
    converted = _converted(row["type"], value)
    if row["type"] == "integer" and converted is not None and abs(converted) > _LARGEST_INTEGER:
        raise _must_be(key, value, {"max": _LARGEST_INTEGER, **row})
    if converted is None or not _in_range(row, converted) or not _fits_script(row, converted):
        raise _must_be(key, value, row)
    if row.get("regex"):
        _refuse_bad_pattern(key, converted)
    return converted


def _refuse_bad_pattern(key: str, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise SettingsError(f"`{key}` must be a regular expression, not {pattern!r}: {error}.") from error


def _must_be(key: str, value: Any, row: Mapping[str, Any]) -> SettingsError:
    return SettingsError(f"`{key}` must be {_wanted(row)}, not {shown(value)}.")


def shown(value: Any) -> str:
    """A value in a message, cut where it is long."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):  # an integer of thousands of digits, a list in itself
        return f"this {type(value).__name__}"
    return text if len(text) <= _MOST_SHOWN else f"{text[:_MOST_SHOWN]}.."


def _is_number(value: Any) -> bool:
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # an integer beyond all doubles
        return False


def _converted(kind: str, value: Any) -> Any:
    """The value as `kind`, or None where it is not one. Numbers from R and from files may be whole floats."""
    if kind == "string":
        return value if isinstance(value, str) else None
    if kind == "number":
        return float(value) if _is_number(value) else None
    if kind == "integer":
        return int(value) if _is_number(value) and value == int(value) else None
    if kind == "flag":
        return value if isinstance(value, bool) else None
    if kind == "mapping":
        return dict(value) if isinstance(value, Mapping) or value == [] else None
    items = value if isinstance(value, (list, tuple)) else [value]
    if kind == "names":
        return _names(items)
    if kind == "strings":  # day labels such as 2 may come as numbers from Python code
        return tuple(map(str, items)) if items and all(isinstance(i, str) or _is_number(i) for i in items) else None
    return tuple(map(float, items)) if items and all(map(_is_number, items)) else None


def _names(items: Sequence[Any]) -> str | tuple[str, ...] | None:
    """One text, or a tuple of different ones."""
    if not items or not all(isinstance(one, str) for one in items) or len(set(items)) < len(items):
        return None
    return str(items[0]) if len(items) == 1 else tuple(items)


def _in_range(row: Mapping[str, Any], value: Any) -> bool:
    if row["type"] not in ("integer", "number"):
        return True
    return bool(row.get("min", -math.inf) <= value <= row.get("max", math.inf) and value > row.get("above", -math.inf))


def _fits_script(row: Mapping[str, Any], value: Any) -> bool:
    """True unless the row wants texts that a batch script can hold: words, or lines that are no others' blanks."""
    texts = [value] if isinstance(value, str) else value
    if row.get("token"):
        return all(_TOKEN.fullmatch(text) for text in texts)
    return not row.get("line") or not any(_NO_LINE.search(text) for text in texts)


def _wanted(row: Mapping[str, Any]) -> str:
    words = " or ".join(f"'{word}'" for word in row.get("choices", ()))
    if row["type"] == "string" and words:
        return words
    nouns = {
        "string": "a text",
        "integer": "a whole number",
        "number": "a number",
        "flag": "true or false",
        "mapping": "a block of keys",
        "strings": "a list of texts",
        "numbers": "a list of numbers",
        "names": "a text or a list of different texts",
    }
    names = {"min": ">=", "above": ">", "max": "<="}
    bounds = " and ".join(f"{sign} {row[name]:.10g}" for name, sign in names.items() if name in row)
    shell = " without spaces or quotes" if row.get("token") else ""
    shell = " of one line without control characters, {{ and }}" if row.get("line") else shell
    return f"{nouns[row['type']]}{shell} {bounds}".strip() + (f" or {words}" if words else "")

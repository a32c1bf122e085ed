"""Settings: one frozen, checked object made from the table in settings.yaml.

The table (key, default, type, range, stage) is shared with R, so that there is one place where a
setting is described. `Settings` has one field a key; `from_mapping` applies the preset and checks.
"""

import dataclasses
import difflib
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from .errors import FatebiasError, NotAvailableError, SettingsError

TABLE: dict[str, dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "settings.yaml").read_text(encoding="utf-8"))

_TOKEN = re.compile(r"[][A-Za-z0-9_.:,/@&|+=*()-]+")
_PYTHON_TYPES = {
    "flag": bool, "string": str, "integer": int, "number": float, "strings": tuple, "numbers": tuple, "mapping": dict,
}  # fmt: skip


class _Checks:
    """What `Settings` can do besides holding its fields."""

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any] | None = None) -> "Settings":
        """Defaults, overridden by the preset, overridden by `given` (keys of settings.yaml).

        Raises SettingsError (all problems in one message) or NotAvailableError.
        """
        given = dict(given or {})
        _refuse_unknown(given)
        preset = given.get("preset", TABLE["preset"]["default"])
        values = {key: _default(row, preset) for key, row in TABLE.items()} | given
        settings, problems = {}, []
        for key, value in values.items():
            try:
                settings[key] = _checked(key, value)
            except SettingsError as error:
                problems.append(str(error))
        if problems:
            raise SettingsError("\n".join(problems))
        return cls(**settings)

    @classmethod
    def from_file(cls, path: str | Path, overrides: Mapping[str, Any] | None = None) -> "Settings":
        """Settings from a YAML file, with single keys overridden; errors name the file."""
        path = Path(path)
        try:
            given = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
        except (OSError, yaml.YAMLError) as error:
            raise SettingsError(f"Cannot read the configuration file {path}: {error}") from error
        if not isinstance(given, dict):
            raise SettingsError(f"{path}: expected `key: value` lines, found {type(given).__name__}.")
        try:
            return cls.from_mapping(given | dict(overrides or {}))
        except FatebiasError as error:
            raise type(error)(f"In {path}:\n{error}") from error

    def as_dict(self, *stages: str) -> dict[str, Any]:
        """Values by key, of the given stages or of all; tuples as lists."""
        keys = [key for key, row in TABLE.items() if not stages or row["stage"] in stages]
        return {key: list(v) if isinstance(v := getattr(self, key), tuple) else v for key in keys}


Settings = dataclasses.make_dataclass(
    "Settings",
    [(key, _PYTHON_TYPES[row["type"]]) for key, row in TABLE.items()],
    bases=(_Checks,),
    frozen=True,
    kw_only=True,
)
Settings.__module__ = __name__
Settings.__doc__ = "Checked settings of one analysis; build with `Settings.from_mapping()`.\n\n" + "\n".join(
    f"{key}: {row['help']} (default {row['default']!r})" for key, row in TABLE.items()
)


def parse_assignment(text: str) -> tuple[str, Any]:
    """`key=value` of the command line; the value is read as YAML, so numbers and lists work."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise SettingsError(f"--set wants key=value, found {text!r}.")
    try:
        return key.strip(), yaml.safe_load(value)
    except yaml.YAMLError as error:
        raise SettingsError(f"--set {text!r}: the value cannot be read: {error}") from error


def _default(row: Mapping[str, Any], preset: str = "") -> Any:
    if "keys" in row:
        return {key: _default(below, preset) for key, below in row["keys"].items()}
    return row.get(preset, row["default"])


def _refuse_unknown(given: Mapping[str, Any], table: Mapping[str, Any] = TABLE, block: str = "") -> None:
    messages = []
    for key in given:
        if key not in table:
            near = difflib.get_close_matches(str(key), table, n=1, cutoff=0.0)[0]
            messages.append(f"`{block}{key}` is not a setting; the nearest one is `{block}{near}`.")
    if messages:
        raise SettingsError("\n".join(messages))


def _checked_block(key: str, value: Any, row: Mapping[str, Any]) -> dict[str, Any]:
    """A block of keys, whole, with defaults for what was not given."""
    given = {} if value is None else _converted("mapping", value)
    if given is None:
        raise SettingsError(f"`{key}` must be {_wanted(row)}, not {value!r}.")
    _refuse_unknown(given, row["keys"], f"{key}.")
    values = _default(row) | given
    return {name: _checked(f"{key}.{name}", item, row["keys"][name]) for name, item in values.items()}


def _checked(key: str, value: Any, row: Mapping[str, Any] | None = None) -> Any:
    """The value in its Python type, or SettingsError / NotAvailableError."""
    row = TABLE[key] if row is None else row
    if "keys" in row:
        return _checked_block(key, value, row)
    if value is None:
        if row.get("nullable"):
            return None
        raise SettingsError(f"`{key}` must be {_wanted(row)}, not null.")
    if isinstance(value, str) and value in row.get("choices", ()):
        if value in row.get("unavailable", ()):
            raise NotAvailableError(f"`{key}: {value}` is not available yet in this version of fatebias.")
        return value
    if row["type"] == "string" and "choices" in row:
        raise SettingsError(f"`{key}` must be {_wanted(row)}, not {value!r}.")
    converted = _converted(row["type"], value)
    if converted is None or not _in_range(row, converted) or not _is_token(row, converted):
        raise SettingsError(f"`{key}` must be {_wanted(row)}, not {value!r}.")
    return converted


def _converted(kind: str, value: Any) -> Any:
    """The value as `kind`, or None where it is not one. Numbers from R may be whole floats."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if kind == "string":
        return value if isinstance(value, str) else None
    if kind == "number":
        return float(value) if number else None
    if kind == "integer":
        return int(value) if number and value == int(value) else None
    if kind == "flag":
        return value if isinstance(value, bool) else None
    if kind == "mapping":
        return dict(value) if isinstance(value, Mapping) or value == [] else None
    items = value if isinstance(value, (list, tuple)) else [value]
    if kind == "strings":  # YAML reads unquoted day labels such as 2 as numbers
        return tuple(str(item) for item in items) or None
    parts = [_converted("number", item) for item in items]
    return None if None in parts or not parts else tuple(parts)


def _in_range(row: Mapping[str, Any], value: Any) -> bool:
    if row["type"] not in ("integer", "number"):
        return True
    return (
        value >= row.get("min", -math.inf) and value > row.get("above", -math.inf) and value <= row.get("max", math.inf)
    )


def _is_token(row: Mapping[str, Any], value: Any) -> bool:
    """True unless the row wants texts that a batch script can hold."""
    texts = [value] if isinstance(value, str) else value
    return not row.get("token") or all(_TOKEN.fullmatch(text) for text in texts)


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
    }
    names = {"min": ">=", "above": ">", "max": "<="}
    bounds = " and ".join(f"{sign} {row[name]:g}" for name, sign in names.items() if name in row)
    shell = " without spaces or quotes" if row.get("token") else ""
    return f"{nouns[row['type']]}{shell} {bounds}".strip() + (f" or {words}" if words else "")

"""What a configuration file may hold: YAML, read as words, lists and blocks; the table gives types.

YAML alone leaves the type of a word to the reader, and readers differ (is `1e-4` a number? `yes` a flag?).
So here, and by the same rules in R/settings_text.R, every word is kept as it is written, and becomes what
its row of the table asks for; the head of settings.yaml states the grammar.

    text --words_of--> Word | list | Block --typed--> None | str | float | bool | list | dict
"""

import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from typing import Any, TypeAlias

import yaml

from .errors import SettingsError
from .rows import first_few

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml, as in R, where PyYAML was built with it

_NUMBER = re.compile(r"[-+]?((0|[1-9][0-9]*)(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_FLAGS = {
    word: flag
    for flag, words in ((True, ("true", "yes", "on")), (False, ("false", "no", "off")))
    for lower in words
    for word in (lower, lower.capitalize(), lower.upper())
}
_NULLS = ("", "~", "null", "Null", "NULL")
_TAGS = {"scalar": ("str", "int", "float", "bool", "null", "timestamp"), "list": ("seq",), "block": ("map",)}
_NUL = re.compile(r'"[^"\n]*(?<!\\)(\\\\)*\\(0|x00|u0000|U00000000)')
_DEEPEST = 10
_MOST_OPEN = 100  # brackets and braces that are open at once, in words and comments too: a parser takes minutes there
_TOO_DEEP = f"blocks and lists are nested more than {_DEEPEST} deep."
LARGEST = 1 << 20  # bytes of a configuration file
_HOLDS_NUL = "a text holds the character NUL; leave it out."
_NOT_WRITTEN_OUT = "it holds a tag, an alias or a merge key (`!name`, `*name`, `<<`); write out what is meant."


@dataclass(frozen=True)
class Word:
    """A word as it is written, without its quotation marks; `null` where it is an unquoted null."""

    text: str
    null: bool
    line: int


@dataclass(frozen=True)
class Block:
    """Lines `key: value` in their order."""

    entries: list[tuple[Word, "Tree"]]


Tree: TypeAlias = "Word | Block | list[Tree]"


def decoded(content: bytes) -> str:
    """The text of a file; SettingsError unless it is UTF-8."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"
    if "\0" in text:
        raise SettingsError("the file is not UTF-8 text; save it as UTF-8.")
    return text


def words_of(text: str) -> "Tree | None":
    """The one document in `text`, None where it is empty; SettingsError where it is outside the grammar."""
    if _NUL.search(text):
        raise SettingsError(_HOLDS_NUL)
    brackets = (1 if bracket in "[{" else -1 for bracket in re.findall(r"[][{}]", text))
    if max(accumulate(brackets), default=0) > _MOST_OPEN:
        raise SettingsError(_TOO_DEEP)
    try:
        events = list(yaml.parse(text, Loader=LOADER))
    except (yaml.YAMLError, UnicodeError) as error:
        raise SettingsError(f"it is not YAML: {error}") from error
    if sum(isinstance(event, yaml.DocumentStartEvent) for event in events) > 1:
        raise SettingsError("it holds two documents; keep one.")
    kept = (yaml.NodeEvent, yaml.CollectionEndEvent)
    nodes = iter([event for event in events if isinstance(event, kept)])
    first = next(nodes, None)
    return None if first is None else _tree(first, nodes, 0)


def typed_value(text: str, row: Mapping[str, Any], key: str = "") -> Any:
    """What `text` says, typed by its row of the table; None for an empty text.

    A key that stands twice is a SettingsError that names it (after `key`, the block it is in) and its lines.
    """
    tree = words_of(text)
    twice = list(_keys_twice(tree, key))
    if twice:
        raise SettingsError("\n".join(twice))
    return None if tree is None else typed(tree, row)


def typed_file(text: str, rows: Mapping[str, Any]) -> dict[str, Any]:
    """What a configuration file sets: values by key, typed by the rows of the table."""
    given = typed_value(text, {"type": "mapping", "keys": rows})
    if given is None:
        return {}
    if not isinstance(given, dict):
        what = "a list" if isinstance(given, list) else "a text"
        raise SettingsError(f"it must hold lines `key: value`, not {what}.")
    return given


def typed(tree: Tree, row: Mapping[str, Any]) -> Any:
    """The value as the type of its row; what does not have the form of that type stays text."""
    if isinstance(tree, Block):
        rows = row.get("keys", {})
        return {key.text: typed(value, rows.get(key.text, {})) for key, value in tree.entries}
    if isinstance(tree, list):
        return [typed(item, row) for item in tree]
    return None if tree.null else _typed_word(tree.text, row.get("type", "string"))


def _typed_word(text: str, kind: str) -> str | float | bool:
    if kind in ("integer", "number", "numbers"):
        number = _number(text)
        return text if number is None else number
    return _FLAGS.get(text, text) if kind == "flag" else text


def _number(text: str) -> float | None:
    """A decimal or scientific number, or None; -0 is 0, and what is too large for a double is no number."""
    number = float(text) + 0.0 if _NUMBER.fullmatch(text) else math.inf
    return number if math.isfinite(number) else None


def _tree(event: Any, events: Iterator[Any], depth: int) -> Tree:
    """The tree that begins with `event`; takes its events from `events`."""
    if depth > _DEEPEST:
        raise SettingsError(_TOO_DEEP)
    if isinstance(event, yaml.SequenceStartEvent):
        _tag(event, "list")
        return [_tree(item, events, depth + 1) for item in _until_end(events)]
    if isinstance(event, yaml.MappingStartEvent):
        _tag(event, "block")
        return Block([_entry(key, events, depth + 1) for key in _until_end(events)])
    return _word(event)


def _until_end(events: Iterator[Any]) -> Iterator[Any]:
    """The events up to the one that ends the list or block."""
    for event in events:
        if isinstance(event, yaml.CollectionEndEvent):
            return
        yield event


def _entry(event: Any, events: Iterator[Any], depth: int) -> tuple[Word, Tree]:
    key = _tree(event, events, depth)
    if not isinstance(key, Word):
        raise SettingsError("a key must be a word, not a list or a block.")
    return key, _tree(next(events), events, depth)


def _word(event: Any) -> Word:
    tag = _tag(event, "scalar")
    plain = tag is None and event.style not in ("'", '"')
    if plain and event.value in ("<<", "="):
        raise SettingsError(_NOT_WRITTEN_OUT)
    if "\0" in event.value:
        raise SettingsError(_HOLDS_NUL)
    return Word(event.value, (plain or tag == "null") and event.value in _NULLS, event.start_mark.line + 1)


def _tag(event: Any, kind: str) -> str | None:
    """The name of a standard tag, None without one; any other tag, and an alias, is refused."""
    if isinstance(event, yaml.AliasEvent):
        raise SettingsError(_NOT_WRITTEN_OUT)
    if event.tag in (None, "!"):
        return None
    name = re.sub("^(tag:yaml.org,2002:|!+)", "", event.tag)
    if name not in _TAGS[kind]:
        raise SettingsError(_NOT_WRITTEN_OUT)
    return name


def _keys_twice(tree: "Tree | None", block: str = "") -> Iterator[str]:
    if isinstance(tree, list):
        for item in tree:
            yield from _keys_twice(item, block)
    if isinstance(tree, Block):
        for key, times in Counter(key.text for key, _ in tree.entries).items():
            if times > 1:
                lines = first_few(str(word.line) for word, _ in tree.entries if word.text == key)
                yield f"`{block}{key}` stands more than once, in the lines {lines}; keep one."
        for word, value in tree.entries:
            yield from _keys_twice(value, f"{block}{word.text}.")

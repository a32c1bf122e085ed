"""Any text as a configuration file or on the command line: settings, or a SettingsError that names it."""

import fuzz
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from fatebias.base.errors import SettingsError
from fatebias.base.settings import Settings, parse_assignment
from fatebias.base.settings_table import TABLE

BLOCKS = {f"{key}.{name}" for key, row in TABLE.items() for name in row.get("keys", ())}
KEYS = st.sampled_from([*TABLE, "", "nosuch", "Kmax "])
VALUES = fuzz.trees(
    fuzz.SCALARS | st.sampled_from(["2024-01-01", "0x10", "010", "1_000", "NO", "yes", "<<", "=", "1:2"])
)
_DEFAULTS = {key: row["default"] for key, row in TABLE.items() if row.get("default") is not None}
_OF_BLOCKS = {
    key: {name: below["default"] for name, below in row.get("keys", {}).items()} for key, row in TABLE.items()
}
VALID = yaml.safe_dump(_DEFAULTS | {key: block for key, block in _OF_BLOCKS.items() if block}).encode()
ENCODINGS = st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "latin1", "cp1252"])


def holds(found: Settings) -> None:
    """Settings are the same when they are given again."""
    assert Settings.from_mapping(found.as_dict()) == found


def read(path, content: bytes) -> None:
    path.write_bytes(content)
    with fuzz.told(SettingsError, path):
        holds(Settings.from_file(path))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("settings") / "config.yaml"


def test_the_text_that_is_damaged_below_is_valid(path):
    path.write_bytes(VALID)
    assert Settings.from_file(path) == Settings.from_mapping()


@fuzz.fuzz(250)
@given(
    content=st.binary(max_size=200)
    | fuzz.damaged(VALID)
    | fuzz.damaged(b"slurm:\n  gpu: {partition: a}\nfates: [A, B]\n")
)
@example(content=b"")
@example(content=b"seed: " + b"9" * 400)
@example(content=b"seed: " + b"9" * 5000)
@example(content=b"seed: " + b"[" * 5000 + b"]" * 5000)
@example(content=b"{" * 90 + b"}" * 90)
@example(content=b"? [a]\n: 1\n")
@example(content=b"- a\n- b\n")
def test_any_bytes(path, content):
    read(path, content)


@fuzz.fuzz(200)
@given(tree=st.dictionaries(KEYS, VALUES, max_size=4), encoding=ENCODINGS, flow=st.booleans())
def test_any_tree_in_any_encoding(path, tree, encoding, flow):
    text = yaml.safe_dump(tree, default_flow_style=flow, allow_unicode=True)
    read(path, text.encode(encoding, "replace"))


@fuzz.fuzz(150)
@given(key=KEYS | st.sampled_from(sorted(BLOCKS)), value=fuzz.trees(fuzz.SCALARS | st.binary(max_size=3)))
def test_any_value_from_python(key, value):
    """R and Python hand over values that were never text."""
    block, _, name = key.partition(".")
    with fuzz.told(SettingsError, f"`{block}"):
        holds(Settings.from_mapping({block: {name: value} if name else value}))


@fuzz.fuzz(150)
@given(text=st.text(max_size=30) | st.tuples(KEYS, st.text(max_size=20)).map("=".join))
@example(text="seed=" + "[" * 3000 + "]" * 3000)
@example(text="=")
def test_any_assignment(text):
    with fuzz.told(SettingsError):
        holds(Settings.from_mapping(dict([parse_assignment(text)])))


@pytest.mark.parametrize(
    "value",
    ["[[1], [2]]", "{a: {b: 1}}", "[]", "{}", "''", "~", "2024-01-01", "[~]", "9" * 400, ".nan", "[a, a]", "no"],
)
def test_every_setting_takes_or_refuses_a_value_of_each_kind(path, value):
    for key in (*TABLE, *sorted(BLOCKS)):
        block, _, name = key.partition(".")
        read(path, (f"{block}: {{{name}: {value}}}" if name else f"{block}: {value}").encode())

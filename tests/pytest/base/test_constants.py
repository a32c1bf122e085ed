import dataclasses
import re
from collections.abc import Mapping
from statistics import NormalDist
from typing import get_args, get_origin, get_type_hints

import pytest
import yaml

from fatebias.base.constants import CONSTANTS, FILE, Constants, read_only
from fatebias.base.files import PACKAGE
from fatebias.base.settings_table import TABLE

TEXT = FILE.read_text(encoding="utf-8")
RAW = yaml.safe_load(TEXT)


def has_type(value, kind):
    """Is a value of a type of the class, such as Mapping[str, tuple[str, ...]]?"""
    if get_origin(kind) is tuple:
        return isinstance(value, tuple) and all(has_type(item, get_args(kind)[0]) for item in value)
    if get_args(kind):
        key, item = get_args(kind)
        return isinstance(value, Mapping) and all(has_type(k, key) and has_type(v, item) for k, v in value.items())
    return type(value) is kind


def test_fields_are_the_entries_in_their_types():
    hints = get_type_hints(Constants)
    assert list(hints) == list(RAW)
    for name, kind in hints.items():
        assert has_type(getattr(CONSTANTS, name), kind), name


def test_each_entry_is_said_to_be_something():
    lines = TEXT.splitlines()
    for name in RAW:
        (at,) = [k for k, line in enumerate(lines) if line.startswith(f"{name}:")]
        assert lines[at - 1].startswith("# "), name


def test_each_entry_is_used_and_stands_nowhere_else():
    code = "".join(path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.py"))
    used = set(re.findall(r"CONSTANTS\.(\w+)", code))
    assert used == set(RAW)
    for text in (CONSTANTS.feature_type, CONSTANTS.cell_name, CONSTANTS.checkpoint_file):
        assert f'"{text}"' not in code
    for row in CONSTANTS.rejections:
        assert str(row["critical"]) not in code


def test_constants_are_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        CONSTANTS.min_umi = 3
    with pytest.raises(TypeError, match="item assignment"):
        CONSTANTS.certificate_sizes["seed"] = 3
    assert read_only({"a": [{"b": [1]}]})["a"] == ({"b": (1,)},)


def test_critical_values_are_those_of_their_levels():
    for row in CONSTANTS.rejections:
        assert row["critical"] == round(NormalDist().inv_cdf(1 - row["level"] / 2), 6)


def test_units_and_assertions_agree_with_the_settings():
    settings = {"permutation": "permutations", "ntc": "splits", "bootstrap": "bootstraps"}
    for unit, name in settings.items():
        assert CONSTANTS.certificate_sizes[unit] == TABLE[f"calibration_{name}"]["default"]
    assert CONSTANTS.simulated_guides_most == TABLE["Kmax"]["default"]
    for row in CONSTANTS.qc_assertions.values():
        assert TABLE[row["setting"]]["stage"] == "qc"

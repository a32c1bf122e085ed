"""The grammar of configuration files: the case file that R's suite runs too, and what only Python has."""

import json
import os
import time
from pathlib import Path

import pytest
import yaml

from fatebias.base import settings_text
from fatebias.base.errors import SettingsError
from fatebias.base.settings import Settings, parse_assignment

CASES = json.loads((Path(__file__).parents[2] / "testthat/fixtures/settings_cases.json").read_text(encoding="utf-8"))


def outcome(case, path):
    """The value of the case's key, or the error's text in one line."""
    path.write_bytes(bytes.fromhex(case["bytes"]) if "bytes" in case else case["text"].encode())
    try:
        values = Settings.from_file(path).as_dict()
    except SettingsError as error:
        return " ".join(str(error).split())
    return {"value": value_at(values, case.get("key", "seed"))}


def value_at(values, key):
    for name in key.split("."):
        values = values[name]
    return values


def as_expected(case, found):
    if "error" in case:
        return isinstance(found, str) and case["error"] in found
    return repr(found) == repr({"value": case["value"]})  # the type as well: 3 is not 3.0


def wrong_cases(path):
    outcomes = [(case, outcome(case, path)) for case in CASES]
    return [(case, found) for case, found in outcomes if not as_expected(case, found)]


def test_every_case_is_read_as_the_case_file_says(tmp_path):
    assert len(CASES) >= 150
    assert wrong_cases(tmp_path / "config.yaml") == []


def test_yaml_without_libyaml_reads_the_same_but_refuses_tabs_as_spaces(tmp_path, monkeypatch):
    monkeypatch.setattr(settings_text, "LOADER", yaml.SafeLoader)
    wrong = wrong_cases(tmp_path / "config.yaml")
    assert len(wrong) == 2
    assert all("\t" in case["text"] and "it is not YAML" in found for case, found in wrong)


def test_the_case_file_tells_right_from_wrong(tmp_path):
    right = {"text": "Kmax: 3", "key": "Kmax", "value": 3}
    path = tmp_path / "config.yaml"
    assert as_expected(right, outcome(right, path))
    for wrong in ({"value": 3.0}, {"value": 4}, {"value": "3"}, {"error": "`Kmax`"}):
        case = {"text": "Kmax: 3", "key": "Kmax"} | wrong
        assert not as_expected(case, outcome(case, path))


def test_an_assignment_is_read_as_a_line_of_the_file():
    lines = [case for case in CASES if case.get("text", "").count("\n") == 1]
    pairs = [(case["text"].rstrip("\n").partition(": "), case) for case in lines]
    tried = [(key, text, case) for (key, colon, text), case in pairs if colon and key.isidentifier()]
    assert len(tried) > 400
    for key, text, case in tried:
        try:
            values = Settings.from_mapping(dict([parse_assignment(f"{key}={text}")])).as_dict()
        except SettingsError:
            assert "error" in case, case
        else:
            assert as_expected(case, {"value": value_at(values, case["key"])}), case


def test_lines_of_a_key_that_stands_twice_are_told_within_an_assignment():
    with pytest.raises(SettingsError, match=r"`slurm\.retries` stands more than once"):
        parse_assignment("slurm={retries: 1, retries: 2}")


def test_a_file_that_cannot_be_opened_is_told_by_name(tmp_path):
    for path in (tmp_path / "none.yaml", tmp_path):
        with pytest.raises(SettingsError, match=f"Cannot read the configuration file {path}"):
            Settings.from_file(path)


def bomb(names="abcdefghi"):
    """A list of nine, nine times over for each further name."""
    lines = [f"{names[0]}: &{names[0]} [{', '.join('x' * 9)}]"]
    lines += [f"{one}: &{one} [{', '.join([f'*{before}'] * 9)}]" for before, one in zip(names, names[1:])]
    return "\n".join(lines)


HUGE = {  # texts that would take memory or time without end; R's suite has the same kinds
    "bomb": (bomb(), "an alias"),
    "bomb in a line": (f"seed: {{{bomb().replace(chr(10), ', ')}}}", "an alias"),
    "brackets": ("seed: " + "[" * 500_000, "nested more than 10 deep"),
    "braces": ("seed: " + "{a: " * 100_000 + "}" * 100_000, "nested more than 10 deep"),
    "dashes": ("seed: " + "- " * 2000 + "1", "not YAML"),
    "dashes below": ("seed:\n  " + "- " * 2000 + "1", "nested more than 10 deep"),
    "one key": ("seed: 1\n" * 20_000, "in the lines 1, 2, 3, 4, 5 and 19,995 more"),
    "keys": ("".join(f"key{i}: 1\n" for i in range(20_000)), "is not a setting"),
    "a word": ("seed: " + "9" * 500_000, "must be a whole number"),
    "a file": ("# comment\n" * 200_000, "bytes; at most"),
    "documents": ("---\nseed: 1\n" * 1000, "two documents"),
}


@pytest.mark.parametrize("name", HUGE)
def test_a_text_without_end_is_refused_soon_and_in_few_words(tmp_path, name):
    text, said = HUGE[name]
    path = tmp_path / "config.yaml"
    path.write_text(text)
    began = time.process_time()
    with pytest.raises(SettingsError, match=said) as refused:
        Settings.from_file(path)
    assert len(str(refused.value)) < 3000 and time.process_time() - began < 10


def test_a_long_assignment_is_refused_in_few_words():
    for text in (
        "seed=" + "[" * 100_000,
        "x" * 100_000,
        f"seed={{{bomb().replace(chr(10), ', ')}}}",
        "seed=" + "9" * 5000,
    ):
        with pytest.raises(SettingsError) as refused:
            Settings.from_mapping(dict([parse_assignment(text)]))
        assert len(str(refused.value)) < 500


def test_a_pipe_a_device_or_a_folder_is_no_configuration_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero"), tmp_path):
        with pytest.raises(SettingsError, match="no file|a folder"):
            Settings.from_file(path)

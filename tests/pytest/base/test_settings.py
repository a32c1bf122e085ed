import copy
import dataclasses
import pickle
import re
from collections.abc import Mapping
from functools import reduce
from operator import or_
from typing import Any, Literal, get_type_hints

import pytest

from fatebias.base.errors import SettingsError
from fatebias.base.settings import TABLE, Settings, parse_assignment

KNOWN = {"default", "plain", "type", "choices", "nullable", "min", "above", "max", "stage", "help"}


def check_rows(rows, needed):
    for key, row in rows.items():
        assert set(row) <= KNOWN | {"token", "line", "regex", "keys"}, key
        assert needed <= set(row), key
        check_rows(row.get("keys", {}), needed - {"stage"})


def test_table_is_well_formed_and_defaults_pass_their_own_checks():
    check_rows(TABLE, {"default", "type", "stage", "help"})
    for preset in TABLE["preset"]["choices"]:
        assert Settings.from_mapping({"preset": preset}).preset == preset


def test_defaults_of_the_design():
    s = Settings.from_mapping()
    assert (s.s_alpha, s.s_rep, s.s_gamma, s.s_tau, s.s_time, s.s_guide) == (2.5, 0.8, 0.8, 4.0, 0.8, 1.5)
    assert (s.Kmax, s.batch_size, s.num_steps, s.learning_rate, s.lr_decay) == (20, 8192, 3000, 0.01, 0.1)
    assert (s.ref_fate, s.contrast_fate, s.num_posterior_draws, s.save_draws) == ("EC", "MES", 1000, "none")


TYPES = {"string": str, "integer": int, "number": float, "flag": bool, "strings": tuple[str, ...]}
TYPES |= {"numbers": tuple[float, ...], "names": str | tuple[str, ...]}


def type_of(key, row):
    """What the class must say of a row of the table."""
    if key == "execution":  # a scheduler is added in the table alone
        return str
    words = [Literal[tuple(row["choices"])]] if "choices" in row else []
    own = [] if words and row["type"] == "string" else [TYPES[row["type"]]]
    return reduce(or_, [*own, *words, *([type(None)] if row.get("nullable") else [])])


def test_the_written_class_says_what_the_table_says():
    rows = {key: row for key, row in TABLE.items() if row["type"] != "mapping"}
    assert all("keys" in TABLE[key] for key in set(TABLE) - set(rows)) and "slurm" not in rows
    wanted = {key: type_of(key, row) for key, row in rows.items()} | {"blocks": Mapping[str, Mapping[str, Any]]}
    assert get_type_hints(Settings) == wanted


def test_another_scheduler_is_rows_of_the_table(monkeypatch):
    node = {"default": {}, "type": "mapping", "keys": {"hours": {"default": 2, "type": "number", "above": 0}}}
    keys = {"queue": {"default": "all", "type": "string"}, "flags": {"default": ["-l"], "type": "strings"}, "cpu": node}
    monkeypatch.setitem(TABLE, "grid", {"default": {}, "type": "mapping", "stage": "run", "help": "", "keys": keys})
    choices = [*TABLE["execution"]["choices"], "grid"]
    monkeypatch.setitem(TABLE, "execution", TABLE["execution"] | {"choices": choices})
    s = Settings.from_mapping({"execution": "grid", "grid": {"queue": "long", "cpu": {"hours": 3}}})
    assert s.execution == "grid" and set(s.blocks) == {"slurm", "grid", "guide_map_columns"}
    assert s.as_dict("run")["grid"] == {"queue": "long", "flags": ["-l"], "cpu": {"hours": 3.0}}
    assert s.as_dict("run")["slurm"] == Settings.from_mapping().as_dict("run")["slurm"]
    for wrong, said in (
        ({"cpu": {"hours": 0}}, "`grid.cpu.hours` must be a number > 0"),
        ({"queu": "a"}, "grid.queue"),
    ):
        with pytest.raises(SettingsError, match=said):
            Settings.from_mapping({"grid": wrong})


def test_precedence_defaults_preset_keys():
    plain = Settings.from_mapping({"preset": "plain"})
    assert (plain.likelihood_weight, plain.approx_posterior, plain.mash_input) == (1.0, "normal", "posterior")
    assert (plain.mash_v, plain.mash_covariances) == ("simple", "canonical")
    assert Settings.from_mapping({"preset": "plain", "likelihood_weight": 20}).likelihood_weight == 20.0


def test_settings_are_frozen():
    s = Settings.from_mapping()
    with pytest.raises(dataclasses.FrozenInstanceError):
        s.Kmax = 3
    for block in (s.blocks, s.blocks["slurm"], s.blocks["slurm"]["cpu"]):
        with pytest.raises(TypeError, match="item assignment"):
            block["hours"] = 3


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("Kmax", 0, "`Kmax` must be a whole number >= 1, not 0"),
        ("Kmax", 2.5, "whole number"),
        ("Kmax", True, "whole number"),
        ("s_tau", "wide", "`s_tau` must be a number >= 0.001 and <= 1000000, not 'wide'"),
        ("s_tau", float("nan"), "number >= 0.001"),
        ("lr_decay", 1.5, "> 0 and <= 1"),
        ("device", "tpu", "'auto' or 'cpu' or 'cuda'"),
        ("likelihood_weight", "automatic", "and <= 1000000 or 'auto'"),
        ("ref_fate", None, "`ref_fate` must be a text, not null"),
        ("day_values", ["a"], "list of numbers"),
        ("day_levels", ["d0", None], "list of texts"),
        ("day_levels", ["d0", True], "list of texts"),
        ("fates", [["EC"]], "list of texts"),
        ("Kmax", 2**31, "a whole number >= 1 and <= 2147483647, not"),
        ("burden_by_day", "true", "true or false, not 'true'"),
        ("calibration", True, "'quick' or 'full' or 'none', not True"),
        ("s_tau", "4", "<= 1000000, not '4'"),
        ("slurm", "gpu", "a block of keys"),
        ("control_pattern", "NTC(", "`control_pattern` must be a regular expression, not 'NTC('"),
        ("guide_map_columns", {"gene": 3}, "`guide_map_columns.gene` must be a text"),
        ("guide_map_columns", {"genes": "x"}, "the nearest one is `guide_map_columns.gene`"),
    ],
)
def test_bad_values_say_key_and_wish(key, value, said):
    with pytest.raises(SettingsError, match=key) as caught:
        Settings.from_mapping({key: value})
    assert said in str(caught.value)


def test_all_problems_are_reported_at_once():
    with pytest.raises(SettingsError) as caught:
        Settings.from_mapping({"Kmax": 0, "s_tau": -1})
    assert "Kmax" in str(caught.value) and "s_tau" in str(caught.value)


@pytest.mark.parametrize(
    ("typo", "meant"), [("kmax", "Kmax"), ("batchsize", "batch_size"), ("liklihood_weight", "likelihood_weight")]
)
def test_unknown_key_names_the_nearest(typo, meant):
    with pytest.raises(SettingsError, match=f"`{typo}` is not a setting; the nearest one is `{meant}`"):
        Settings.from_mapping({typo: 1})


def test_whole_floats_and_single_texts_become_what_the_key_wants():
    s = Settings.from_mapping({"Kmax": 12.0, "fates": "EC", "day_levels": [1, 2], "slurm": {"retries": 2.0}})
    assert s.Kmax == 12 and isinstance(s.Kmax, int)
    assert s.fates == ("EC",) and s.day_levels == ("1", "2") and s.blocks["slurm"]["retries"] == 2


def test_a_block_is_checked_key_by_key_and_filled_with_defaults():
    default = Settings.from_mapping().blocks["slurm"]
    assert default["gpu"]["partition"] == "gpu" and default["account"] is None
    for nothing in (None, [], {}, {"gpu": None}):
        assert Settings.from_mapping({"slurm": nothing}).blocks["slurm"] == default
    slurm = Settings.from_mapping({"slurm": {"cpu": {"hours": 3, "constraint": "A|B"}}}).blocks["slurm"]
    assert slurm["cpu"] == default["cpu"] | {"hours": 3.0, "constraint": "A|B"}
    assert slurm["gpu"] == default["gpu"] and slurm["modules"] == default["modules"] == (
        "R/4.4.2",
        "python/3.12.1",
        "gsl",
    )


@pytest.mark.parametrize(
    ("block", "said"),
    [
        ({"retrys": 1}, "`slurm.retrys` is not a setting; the nearest one is `slurm.retries`"),
        ({"gpu": {"partitoin": "a"}}, "the nearest one is `slurm.gpu.partition`"),
        ({"gpu": {"hours": "8:00"}}, "`slurm.gpu.hours` must be a number >= 0.016"),
        ({"cpu": {"retry_time_limit": 1}}, "must be true or false, not 1"),
        ({"account": "a; b"}, "`slurm.account` must be a text without spaces or quotes"),
        ({"modules": ["R/4.4", "a b"]}, "`slurm.modules` must be a list of texts without spaces or quotes"),
        ({"cpu": "normal"}, "`slurm.cpu` must be a block of keys"),
    ],
)
def test_problems_within_a_block_name_the_whole_key(block, said):
    with pytest.raises(SettingsError) as caught:
        Settings.from_mapping({"slurm": block})
    assert said in str(caught.value)


def test_file_errors_name_the_file(tmp_path):
    path = tmp_path / "config.yaml"
    path.write_text("Kmaxx: 3\n")
    with pytest.raises(SettingsError, match="config.yaml"):
        Settings.from_file(path)
    path.write_text("- 1\n")
    with pytest.raises(SettingsError, match="key: value"):
        Settings.from_file(path)
    path.write_text("a: [\n")
    with pytest.raises(SettingsError, match="Cannot read"):
        Settings.from_file(path)
    path.write_text("Kmax: 3\n")
    assert Settings.from_file(path, {"Kmax": 4}).Kmax == 4


def test_assignments_of_the_command_line():
    assert parse_assignment("likelihood_weight=20") == ("likelihood_weight", 20)
    assert parse_assignment("contrast_fate=MES - NEU") == ("contrast_fate", "MES - NEU")
    for text, said in (("likelihood_weight", "key=value"), ("fates=[A", "cannot be read")):
        with pytest.raises(SettingsError, match=said):
            parse_assignment(text)


def test_as_dict_by_stage_is_plain_data():
    s = Settings.from_mapping({"fates": ["A", "B"]})
    assert s.as_dict("screen")["fates"] == ["A", "B"]
    assert s.as_dict("run")["slurm"]["modules"] == TABLE["slurm"]["keys"]["modules"]["default"]
    assert "mash_v" not in s.as_dict("screen", "fit") and set(s.as_dict()) == set(TABLE)


@pytest.mark.parametrize("preset", [["a"], {"a": 1}, 1])
def test_a_preset_of_another_type_is_refused(preset):
    with pytest.raises(SettingsError, match=r"`preset` must be 'calibrated' or 'plain'"):
        Settings.from_mapping({"preset": preset})


@pytest.mark.parametrize(
    ("key", "value"),
    [("threads", 100_000_000), ("estimate_prior_sd", 1e-200), ("cg_tolerance", 1e-300), ("learning_rate", 1e10),
     ("newton_tolerance", 1e300), ("num_perturbations", 1_000_000_000), ("num_posterior_draws", 1_000_000_000)],
)  # fmt: skip
def test_values_that_no_fit_survives_are_refused_beforehand(key, value):
    with pytest.raises(SettingsError, match=rf"`{key}` must be .*(<=|>=)"):
        Settings.from_mapping({key: value})


def text_keys(rows, path=()):
    """Paths of the keys that hold texts."""
    for key, row in rows.items():
        if "keys" in row:
            yield from text_keys(row["keys"], (*path, key))
        elif row["type"] in ("string", "strings"):
            yield (*path, key)


ODD = [
    "x\n#SBATCH --evil",
    "x\rrm",
    "x\n",
    "x\x85y",
    "x\u2028y",
    "x\vy",
    "x\x1b[0m",
    "x\x7f",
    "x\0",
    "{{ auth }}",
    "a{{b",
    "a}}b",
]


@pytest.mark.parametrize("path", list(text_keys(TABLE["slurm"]["keys"])), ids=".".join)
def test_no_text_of_the_scheduler_adds_a_line_to_a_script(path):
    for odd in ODD:
        given = reduce(lambda below, key: {key: below}, reversed(path), odd)
        with pytest.raises(SettingsError, match=re.escape(".".join(("slurm", *path)))):
            Settings.from_mapping({"slurm": given})


def test_what_a_shell_line_and_a_path_need_passes():
    given = {"log_dir": "d\u00e9p\u00f4t {a} b", "environment": ['export A="${HOME}/x" # {b}']}
    assert Settings.from_mapping({"slurm": given}).blocks["slurm"]["log_dir"] == given["log_dir"]


@pytest.mark.parametrize(
    "value", [10**400, 10**5000, -(10**400), float("nan"), "x" * 10**6, [["x"] * 10**5]], ids=range(6)
)
def test_a_value_without_end_is_an_error_of_few_words(value):
    for given in ({"seed": value}, {"day_values": [value]}, {"slurm": {"in_flight": value}}):
        with pytest.raises(SettingsError) as refused:
            Settings.from_mapping(given)
        assert len(str(refused.value)) < 400


def test_an_unknown_key_without_end_is_an_error_of_few_words():
    with pytest.raises(SettingsError) as refused:
        Settings.from_mapping({"s" * 10**6: 1, "slurm": {"x" * 10**6: 1}})
    assert len(str(refused.value)) < 1000


@pytest.mark.parametrize("path", ["a\0b", "", "x" * 5000, "\udcff"])
def test_a_path_that_cannot_be_is_no_configuration_file(path):
    with pytest.raises(SettingsError, match="Cannot read the configuration file"):
        Settings.from_file(path)


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"preset": "plain", "mode": "simulation", "fate_prob_key": ["a", "b"], "day_levels": ["1", "2"]},
        {"likelihood_weight": 7, "guide_map_columns": {"gene": "g"}, "threads": 2, "genes": ["A"]},
    ],
)
def test_settings_can_be_pickled_and_copied(given):
    settings = Settings.from_mapping(given)
    for again in (pickle.loads(pickle.dumps(settings)), copy.deepcopy(settings)):
        assert again == settings and again.as_dict() == settings.as_dict()
        assert [type(block) for block in again.blocks.values()] == [type(one) for one in settings.blocks.values()]

"""Fits that are killed, by a signal or by an exception that nothing catches, and run again."""

import hashlib
import io
import json
import signal
import subprocess
import sys
from pathlib import Path

import killed_fit
import numpy as np
import pytest
import torch

from fatebias.base.checkpoint import CHECKPOINT, _File, open_checkpoint
from fatebias.base.checkpoint_file import DAMAGED
from fatebias.base.errors import ExportError, FitError, FitWarning
from fatebias.base.lock import LOCK
from fatebias.base.settings import Settings
from fatebias.laplace import covariance, rounds, sandwich
from fatebias.results.fit import fit_screen
from fatebias.simulation import simulate_to
from fatebias.vi import svi

SVI = {"batch_size": 256, "num_steps": 150, "num_posterior_draws": 40, "save_draws": "all"}  # 4 batches an epoch
LAPLACE = {"inference": "laplace", "num_posterior_draws": 40, "save_draws": "all"}


class Killed(BaseException):
    """Ends a fit where nothing can catch it."""


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    arguments = {"cells": 800, "genes": 8, "guides_per_gene": 3, "ntc": 4, "days": 3, "concentration": 20}
    return simulate_to(tmp_path_factory.mktemp("sim"), arguments)


@pytest.fixture
def eager(monkeypatch):
    """Every save is written; draws come in portions."""
    for module, name, value in killed_fit.ALWAYS + killed_fit.PORTIONS:
        monkeypatch.setattr(module, name, value)
    return monkeypatch


def fit(files, out, settings, **more):
    return fit_screen(files["screen"], files["guide_map"], out, Settings.from_mapping(settings), **more)


def whole_of(files, settings):
    """Folder of an undisturbed fit, made once; only a test with `eager` may ask for it."""
    folder = Path(files["screen"]).parent / hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:8]
    if not folder.exists():
        fit(files, folder, settings)
    return folder


def fit_and_die(eager, files, out, settings, place, steps=1):
    """Fit until so many steps have been taken at a place."""
    keep = _File.keep

    def keep_and_die(self, at, state, taken, final):
        keep(self, at, state, taken, final)
        if at == place and taken >= steps:
            raise Killed

    with eager.context() as patch:
        patch.setattr(_File, "keep", keep_and_die)
        with pytest.raises(Killed):
            fit(files, out, settings)
    assert (out / CHECKPOINT).is_file()


def fit_in_a_killed_process(files, out, settings, place, steps):
    command = [sys.executable, killed_fit.__file__, files["screen"], files["guide_map"], out, place, steps]
    done = subprocess.run([*map(str, command), json.dumps(settings)], capture_output=True, text=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert {path.name for path in out.iterdir()} == {CHECKPOINT, LOCK}


def count_calls(patch, owner, name):
    calls, function = [], getattr(owner, name)

    def counted(*arguments, **named):
        calls.append(name)
        return function(*arguments, **named)

    patch.setattr(owner, name, counted)
    return calls


def assert_same_files(one: Path, other: Path):
    """Tables byte for byte, arrays number for number, and all of the manifest that is not about the run itself."""
    assert {path.name for path in one.iterdir()} == {path.name for path in other.iterdir()}
    for path in one.glob("*.csv"):
        assert path.read_bytes() == (other / path.name).read_bytes(), path.name
    for path in one.glob("*.npz"):
        a, b = np.load(path), np.load(other / path.name)
        assert all(np.array_equal(a[name], b[name]) for name in a.files), path.name
    a, b = (json.loads((folder / "fit_manifest.json").read_text()) for folder in (one, other))
    for name in ("created", "resumed", "seconds", "peak_memory_gb"):
        del a[name], b[name]
    assert a == b


@pytest.mark.filterwarnings("ignore:SVI stopped after:fatebias.base.errors.FitWarning")
@pytest.mark.parametrize(
    ("family", "killed_at", "num_steps"),
    [("structured", 38, 60), ("normal", 38, 60), ("lowrank", 38, 60), ("structured", 303, 600)],
    ids=["structured", "normal", "lowrank", "at a lower rate, until convergence"],
)
def test_svi_killed_by_a_signal_goes_on_to_the_same_result(files, tmp_path, eager, family, killed_at, num_steps):
    settings = SVI | {"approx_posterior": family, "num_steps": num_steps}
    whole = fit(files, tmp_path / "whole", settings)
    assert whole["convergence"]["converged"] == (num_steps == 600)
    fit_in_a_killed_process(files, tmp_path / "again", settings, "svi", killed_at)
    calls = count_calls(eager, svi._Steps, "take")
    again = fit(files, tmp_path / "again", settings)
    assert len(calls) == whole["convergence"]["svi"]["steps"] - killed_at > 0
    assert whole["resumed"] == [] and len(again["resumed"]) == 1
    assert again["resumed"][0].items() >= {"at": "svi", "steps": killed_at}.items()
    assert_same_files(tmp_path / "whole", tmp_path / "again")


def test_laplace_killed_by_a_signal_goes_on_to_the_same_result(files, tmp_path, eager):
    whole = json.loads((whole_of(files, LAPLACE) / "fit_manifest.json").read_text())
    fit_in_a_killed_process(files, tmp_path / "again", LAPLACE, "laplace/rounds", 2)
    calls = count_calls(eager, rounds, "_next_round")
    again = fit(files, tmp_path / "again", LAPLACE)
    assert len(calls) == whole["convergence"]["laplace"]["em_rounds"] - 2 > 0
    assert again["resumed"][0].items() >= {"at": "laplace/rounds", "steps": 2}.items()
    assert_same_files(whole_of(files, LAPLACE), tmp_path / "again")


@pytest.mark.filterwarnings("ignore::fatebias.base.errors.FitWarning")
def test_a_fit_killed_at_every_place_in_turn_ends_with_the_same_result(files, tmp_path, eager):
    """A fixed weight that is far off, so that the automatic one is looked for as well."""
    settings = SVI | {"likelihood_weight": 4, "num_steps": 40}
    seen, keep = [], _File.keep
    with eager.context() as patch:
        patch.setattr(_File, "keep", lambda self, at, *rest: (seen.append(at), keep(self, at, *rest)))
        with pytest.warns(FitWarning, match="`likelihood_weight: auto` finds") as said:
            fit(files, tmp_path / "whole", settings)
    places = list(dict.fromkeys(seen))
    inner = ["rounds/start", "rounds", "mode", "covariances/draws", "covariances/more draws"]
    wanted = [f"laplace/{name}" for name in inner] + [f"auto weight/fit/{name}" for name in inner] + ["auto weight"]
    wanted += ["estimates/mode", "estimates/covariances/draws", "estimates/covariances/more draws"]
    wanted += ["estimates/sandwich"]
    wanted += [f"estimates/replicate {r}/{name}" for r in (0, 1) for name in ("draws", "more draws")]
    assert places == [*wanted, "estimates", "svi"]
    for place in places:
        fit_and_die(eager, files, tmp_path / "again", settings, place)
    with pytest.warns(FitWarning) as said_again:
        again = fit(files, tmp_path / "again", settings)
    assert [str(one.message) for one in said_again] == [str(one.message) for one in said]
    assert [one["at"] for one in again["resumed"]] == places
    assert_same_files(tmp_path / "whole", tmp_path / "again")


def test_portions_and_rounds_that_are_done_are_not_done_again(files, tmp_path, eager):
    fit_and_die(eager, files, tmp_path, LAPLACE, "estimates/sandwich", 48)  # the second portion of three
    again = count_calls(eager, rounds, "_next_round")
    of_model = count_calls(eager, covariance, "perturbation")
    of_scores = count_calls(eager, sandwich, "score_perturbation")
    fit(files, tmp_path, LAPLACE)
    assert (again, len(of_scores)) == ([], 1)
    # 16 draws of each of two replicates are one portion, and 48 more are one or two; the model's own, 11, are done
    assert 4 <= len(of_model) <= 6


@pytest.mark.filterwarnings("ignore:SVI stopped after:fatebias.base.errors.FitWarning")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"seed": 3}, r"another fit \(different: setting `seed`\)"),
        ({"contrast_fate": "NEU", "num_steps": 9}, r"setting `contrast_fate`, setting `num_steps`\)"),
    ],
)
def test_a_checkpoint_of_other_settings_is_not_used(files, tmp_path, eager, changes, said):
    settings = SVI | {"num_steps": 8}
    fit_and_die(eager, files, tmp_path / "again", settings, "svi", 3)
    fit(files, tmp_path / "whole", settings | changes)
    with pytest.warns(FitWarning, match=said):
        manifest = fit(files, tmp_path / "again", settings | changes)
    assert manifest["resumed"] == []
    assert_same_files(tmp_path / "whole", tmp_path / "again")


def test_a_checkpoint_of_another_screen_is_not_used(files, tmp_path, eager):
    other = simulate_to(
        tmp_path / "sim", {"cells": 800, "genes": 8, "guides_per_gene": 3, "ntc": 4, "days": 3, "seed": 1}
    )
    fit_and_die(eager, other, tmp_path / "again", LAPLACE, "laplace/rounds")
    with pytest.warns(FitWarning, match=r"another fit \(different: screen\)"):
        assert fit(files, tmp_path / "again", LAPLACE)["resumed"] == []
    assert_same_files(whole_of(files, LAPLACE), tmp_path / "again")


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-100],
        lambda content: content[:20],
        lambda content: b"",
        lambda content: content[:-100] + bytes(100),
        lambda content: b"[]" + content[content.index(b"\n") :],
    ],
    ids=["end lost", "begin of the header", "empty", "bytes changed", "no header"],
)
def test_a_damaged_file_is_not_used(files, tmp_path, eager, damage):
    fit_and_die(eager, files, tmp_path, LAPLACE, "laplace/rounds")
    content = (tmp_path / CHECKPOINT).read_bytes()
    (tmp_path / CHECKPOINT).write_bytes(damage(content))
    with pytest.warns(FitWarning, match="is not used: it is damaged. The fit starts from its beginning"):
        manifest = fit(files, tmp_path, LAPLACE)
    assert manifest["resumed"] == []
    assert {path.name for path in tmp_path.iterdir()} == {*manifest["files"], DAMAGED}


def forge(file: Path, place: str, change):
    """A checkpoint in which one state is another, with lengths and digest that are right."""
    head, _, payload = file.read_bytes().partition(b"\n")
    states = torch.load(io.BytesIO(payload), weights_only=True)
    states[place] = change(states[place])
    buffer = io.BytesIO()
    torch.save(states, buffer)
    content = {"bytes": len(buffer.getbuffer()), "digest": hashlib.sha256(buffer.getvalue()).hexdigest()}
    file.write_bytes(json.dumps(json.loads(head) | content).encode() + b"\n" + buffer.getvalue())


@pytest.mark.filterwarnings("ignore:SVI stopped after:fatebias.base.errors.FitWarning")
@pytest.mark.parametrize(
    ("settings", "place", "change"),
    [
        (LAPLACE, "laplace/rounds", lambda state: state | {"x": state["x"][:1]}),
        (LAPLACE, "laplace/rounds", lambda state: {"x": state["x"]}),
        (LAPLACE, "laplace/mode", lambda state: state | {"steps": "many"}),
        (LAPLACE, "laplace/covariances/draws", lambda state: state | {"found": state["found"] | {"by_group": []}}),
        (LAPLACE, "estimates/sandwich", lambda state: state | {"totals": [one[:0] for one in state["totals"]]}),
        (LAPLACE, "estimates", lambda state: {"all_fates": {}}),
        (LAPLACE, "estimates", lambda state: {part: {} for part in state}),
        (SVI | {"num_steps": 8}, "svi", lambda state: state | {"parameters": {}}),
        (SVI | {"num_steps": 8}, "svi", lambda state: state | {"optimiser": {}}),
        (SVI | {"num_steps": 8}, "svi", lambda state: state | {"random": [state["losses"]]}),
    ],
)
def test_a_state_that_is_not_what_its_place_needs_is_set_aside(files, tmp_path, eager, settings, place, change):
    whole = whole_of(files, settings)
    fit_and_die(eager, files, tmp_path / "again", settings, place)
    forge(tmp_path / "again" / CHECKPOINT, place, change)
    with pytest.warns(FitWarning, match=f"{CHECKPOINT} is not used: a state in it .* kept as {DAMAGED}"):
        assert fit(files, tmp_path / "again", settings)["resumed"] == []
    (tmp_path / "again" / DAMAGED).unlink()
    assert_same_files(whole, tmp_path / "again")


def test_going_on_is_said_where_progress_is(files, tmp_path, eager, capsys):
    fit_and_die(eager, files, tmp_path, LAPLACE, "laplace/rounds", 2)
    fit(files, tmp_path, LAPLACE, progress=True)
    assert f"Going on from {tmp_path / CHECKPOINT}: laplace/rounds, after 2 steps" in capsys.readouterr().err


def test_a_fit_error_leaves_no_checkpoint(files, tmp_path, eager):
    eager.setattr(rounds, "MOST_ROUNDS", 2)
    with pytest.raises(FitError, match="did not settle in 2 rounds"):
        fit(files, tmp_path, LAPLACE)
    assert list(tmp_path.iterdir()) == []


def test_a_fit_error_leaves_no_checkpoint_after_one_was_set_aside(files, tmp_path, eager):
    fit_and_die(eager, files, tmp_path, LAPLACE, "laplace/rounds")
    forge(tmp_path / CHECKPOINT, "laplace/rounds", lambda state: {"x": state["x"]})
    eager.setattr(rounds, "MOST_ROUNDS", 2)
    with pytest.raises(FitError, match="did not settle"), pytest.warns(FitWarning, match="is not used"):
        fit(files, tmp_path, LAPLACE)
    assert [path.name for path in tmp_path.iterdir()] == [DAMAGED]


def test_what_is_kept_is_said(tmp_path, eager):
    checkpoint = open_checkpoint(tmp_path, {"device": "cpu"})
    assert checkpoint.flush() == "There was nothing to keep yet."

    def full(file, position):
        raise OSError(28, "No space left on device")

    with eager.context() as patch:
        patch.setattr(_File, "_replace", full)
        with pytest.warns(FitWarning, match="No space left"):
            checkpoint.at("svi").save({"x": 1}, 1)
        assert checkpoint.flush() == f"The last steps could not be kept in {tmp_path / CHECKPOINT}."
    assert checkpoint.flush() == f"The same fit goes on from {tmp_path / CHECKPOINT}."


def test_a_closed_stderr_does_not_end_a_fit_that_goes_on(tmp_path, eager):
    open_checkpoint(tmp_path, {"device": "cpu"}).at("svi").save({"x": 1}, 1)
    eager.setattr(sys, "stderr", closed := io.StringIO())
    closed.close()
    assert open_checkpoint(tmp_path, {"device": "cpu"}, progress=True).resumed[0]["steps"] == 1


def test_results_that_cannot_be_written_leave_the_checkpoint(files, tmp_path, eager):
    def fail(*arguments):
        raise ExportError("no space")

    with eager.context() as patch:
        patch.setattr("fatebias.results.folder.write_files", fail)
        with pytest.raises(ExportError):
            fit(files, tmp_path / "again", LAPLACE)
    assert fit(files, tmp_path / "again", LAPLACE)["resumed"][0]["at"] == "estimates"
    assert_same_files(whole_of(files, LAPLACE), tmp_path / "again")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_a_fit_on_a_gpu_goes_on(files, tmp_path, eager):
    settings = SVI | {"device": "cuda", "num_steps": 60}
    fit_and_die(eager, files, tmp_path, settings, "svi", 38)
    with pytest.warns(FitWarning, match="stopped after"):
        manifest = fit(files, tmp_path, settings)
    assert manifest["device"] == "cuda" and manifest["resumed"][0]["steps"] == 38

"""Ctrl-C: within the helpers, and for the command line as a process."""

import os
import signal
import subprocess
import sys
import threading
import time

import pytest

from fatebias.__main__ import INTERRUPTED, main
from fatebias.base.checkpoint import CHECKPOINT
from fatebias.base.interrupts import import_whole, run_whole

# the command line, with checkpoints after half a second instead of five
OFTEN = (
    "from fatebias.base import checkpoint; checkpoint.LEAST_SECONDS = 0.5; from fatebias.__main__ import main; main()"
)


@pytest.fixture(autouse=True)
def heeded():
    """Ctrl-C is heeded, also where this run was started in the background, which ignores it, as do its children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def interrupt_soon(seconds=0.2):
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGINT)).start()


def test_what_runs_whole_is_done_before_ctrl_c_is_heeded():
    done = []
    interrupt_soon()
    with pytest.raises(KeyboardInterrupt):
        run_whole(lambda: (time.sleep(1), done.append(True)))
    assert done == [True]


def test_what_is_left_goes_on_without_being_waited_for():
    ended = threading.Event()
    interrupt_soon()
    start = time.perf_counter()
    with pytest.raises(KeyboardInterrupt):
        run_whole(lambda: (time.sleep(1.5), ended.set()), leave=True)
    assert time.perf_counter() - start < 1 and ended.wait(5)


@pytest.mark.parametrize("module", ["yaml", "tqdm", "pandas", "torch"])
def test_ctrl_c_while_the_command_line_is_imported_is_one_line(tmp_path, module):
    """The module is one that sends it, before and after the command line can have been told what to do."""
    (tmp_path / f"{module}.py").write_text(
        "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nwhile True:\n    pass\n"
    )
    path = os.pathsep.join([str(tmp_path), *sys.path])
    command = [sys.executable, "-m", "fatebias", "fit", "none.h5ad", "--guides", "none.csv", "--out", str(tmp_path)]
    done = subprocess.run(command, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, timeout=60)
    assert done.returncode == INTERRUPTED and done.stdout == ""
    assert done.stderr == "Interrupted. A fit goes on from its checkpoint, where it has written one.\n"


def test_values_and_errors_come_through():
    assert run_whole(lambda: 3) == 3
    with pytest.raises(ZeroDivisionError):
        run_whole(lambda: 1 / 0)


def test_an_import_that_was_left_is_there_the_next_time(tmp_path, monkeypatch):
    (tmp_path / "slow_module.py").write_text("import time\ntime.sleep(1.5)\nvalue = 7\n")
    monkeypatch.syspath_prepend(tmp_path)
    interrupt_soon()
    with pytest.raises(KeyboardInterrupt):
        import_whole("slow_module", lambda: None)
    assert import_whole("slow_module", lambda: None).value == 7


def test_ctrl_c_ends_the_command_and_leaves_a_checkpoint_from_which_it_goes_on(tmp_path):
    small = ["--cells", "800", "--genes", "6", "--guides-per-gene", "3", "--ntc", "4"]
    main(["simulate", "--out", str(tmp_path), *small])
    out = tmp_path / "out"
    settings = {"num_steps": 3000, "loss_tolerance": 0, "likelihood_weight": 7, "threads": 1, "num_posterior_draws": 50}
    arguments = ["fit", tmp_path / "screen.h5ad", "--guides", tmp_path / "guide_map.csv", "--out", out]
    arguments += [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    command = [sys.executable, "-c", OFTEN, *map(str, arguments)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    until = time.monotonic() + 60
    while not (out / CHECKPOINT).exists() and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    sent = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert time.monotonic() - sent < 2 and process.returncode == INTERRUPTED
    assert "Traceback" not in said and "goes on from its checkpoint" in said
    assert [path.name for path in out.iterdir()] == [CHECKPOINT]
    again = subprocess.run(command, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    assert not (out / CHECKPOINT).exists() and '"resumed": [\n  {' in (out / "fit_manifest.json").read_text()

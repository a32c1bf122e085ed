"""Ctrl-C, SIGTERM and SIGUSR1: within the helpers, and for the command line as a process."""

import faulthandler
import json
import os
import signal
import subprocess
import sys
import threading
import time
import weakref

import pytest

from fatebias.__main__ import INTERRUPTED, main
from fatebias.base import interrupts
from fatebias.base.checkpoint import CHECKPOINT
from fatebias.base.interrupts import (
    Stopped,
    heed_stops,
    import_whole,
    run_whole,
    stop_asked,
    stop_at_save,
    stop_if_asked,
)

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


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_while_the_thread_starts_waits_for_its_end_as_well(monkeypatch, number):
    done, signals = [], {signal.SIGINT: KeyboardInterrupt, signal.SIGTERM: Stopped}

    class Thread(threading.Thread):
        def start(self):
            super().start()
            send(number)

    monkeypatch.setattr(threading, "Thread", Thread)
    with pytest.raises(signals[number]), heed_stops():
        run_whole(lambda: (time.sleep(0.2), done.append(True)))
    assert done == [True]


def test_many_signals_do_not_end_the_wait_and_an_error_of_the_work_is_told():
    def work():
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGINT) * 20:
            send(number)
            time.sleep(0.002)
        done.append(True)
        raise ZeroDivisionError

    done = []
    with pytest.raises(ZeroDivisionError), heed_stops():
        run_whole(work)
    assert done == [True] and signal.getsignal(signal.SIGINT) is signal.default_int_handler


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


STOPPING = [signal.SIGTERM, signal.SIGUSR1]


def send(number):
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", STOPPING)
def test_a_signal_stops_at_once_where_nothing_is_to_be_saved_and_finds_its_old_handler_afterwards(number):
    heard = []
    before = signal.signal(number, lambda *_: heard.append(number))
    try:
        said = f"Stopped by {number.name}. What was finished is kept"
        with pytest.raises(Stopped, match=said) as stopped, heed_stops(), heed_stops():
            send(number)
        assert stopped.value.exit_code == 128 + number and heard == []
        send(number)
        assert heard == [number]
    finally:
        signal.signal(number, before)


def test_a_handler_of_c_is_put_back(tmp_path):
    """R's are of C, and Python does not know them; nor does it know those of faulthandler."""
    with (tmp_path / "trace").open("w") as file:
        faulthandler.register(signal.SIGUSR1, file=file)
        try:
            with heed_stops():
                pass
            send(signal.SIGUSR1)
        finally:
            faulthandler.unregister(signal.SIGUSR1)
    assert "test_a_handler_of_c_is_put_back" in (tmp_path / "trace").read_text()


def test_a_signal_that_is_ignored_stays_ignored_and_other_threads_are_left_alone():
    before = signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    try:
        with heed_stops():
            send(signal.SIGUSR1)
    finally:
        signal.signal(signal.SIGUSR1, before)

    def work():
        with heed_stops():
            return signal.getsignal(signal.SIGTERM)

    assert run_whole(work, leave=True) == signal.getsignal(signal.SIGTERM)


def stopping_at(work, save):
    with heed_stops(), stop_at_save(save):
        work()


def test_a_signal_waits_for_the_next_save():
    done = []

    def step():
        done.append(stop_asked())
        send(signal.SIGTERM)
        done.append(stop_asked())

    with pytest.raises(Stopped, match="Stopped by SIGTERM. It is kept."):
        stopping_at(lambda: (step(), stop_if_asked(), step()), lambda: "It is kept.")
    assert done == [0, signal.SIGTERM] and stop_asked() == 0


@pytest.mark.parametrize("again", [True, False], ids=["a second signal", "no save in time"])
def test_a_signal_does_not_wait_for_ever(monkeypatch, again):
    monkeypatch.setattr(interrupts, "GRACE_SECONDS", 60 if again else 0.05)
    kept, until = [], time.monotonic() + 30

    def endless():
        send(signal.SIGTERM)
        while time.monotonic() < until:
            if again:
                send(signal.SIGTERM)
            time.sleep(0.01)

    with pytest.raises(Stopped, match="It is kept"):
        stopping_at(endless, lambda: kept.append(True) or "It is kept.")
    assert kept == [True] and time.monotonic() < until


def test_a_block_that_ends_before_its_next_save_stops_at_its_end():
    with pytest.raises(Stopped):
        stopping_at(lambda: send(signal.SIGTERM), lambda: "")


class Collected:
    def __del__(self):
        send(signal.SIGTERM)
        time.sleep(0)  # the handler is called here


def collect_by_weak_reference():
    collected = type("Plain", (), {})()
    kept = weakref.ref(collected, lambda _: Collected.__del__(None))
    del collected
    return kept


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("lose", [Collected, collect_by_weak_reference])
@pytest.mark.parametrize("goes_on", [True, False], ids=["goes on", "ends at once"])
def test_a_signal_that_python_has_dropped_is_raised_again(monkeypatch, lose, goes_on):
    monkeypatch.setattr(interrupts, "REPEAT_SECONDS", 0.01)
    reached, until = [], time.monotonic() + 20

    def work():
        lose()
        reached.append(True)
        while goes_on and time.monotonic() < until:
            time.sleep(0.001)

    with pytest.raises(Stopped) as stopped, heed_stops():
        work()
    assert stopped.value.number == signal.SIGTERM and reached == [True] and time.monotonic() < until


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_signal_that_python_has_dropped_comes_before_an_error():
    def work():
        Collected()
        raise ZeroDivisionError

    with pytest.raises(Stopped) as stopped, heed_stops():
        work()
    assert isinstance(stopped.value.__context__, ZeroDivisionError)


def test_what_puts_things_right_after_a_signal_is_not_disturbed_by_it_or_by_another(monkeypatch):
    """Repeats come every 10 ms meanwhile, and none afterwards."""
    monkeypatch.setattr(interrupts, "REPEAT_SECONDS", 0.01)
    done, calls, heed = [], [], interrupts._STOPS.heed
    monkeypatch.setattr(interrupts._STOPS, "heed", lambda *given: (calls.append(given), heed(*given)))

    def until_again():
        before, until = len(calls), time.monotonic() + 20
        while len(calls) < before + 3 and time.monotonic() < until:
            time.sleep(0.001)

    def put_right():
        try:
            send(signal.SIGTERM)
        finally:
            try:
                raise OSError
            except OSError:
                until_again()
            send(signal.SIGUSR1)
            until_again()
            done.append(True)

    with pytest.raises(Stopped) as stopped, heed_stops():
        put_right()
    assert done == [True] and stopped.value.number == signal.SIGTERM and len(calls) >= 6
    with heed_stops():
        time.sleep(0.05)


@pytest.mark.parametrize("again", [signal.SIGTERM, signal.SIGUSR1, None])
def test_a_save_is_disturbed_neither_by_a_second_signal_nor_by_the_end_of_the_wait(monkeypatch, again):
    monkeypatch.setattr(interrupts, "GRACE_SECONDS", 0.05)
    monkeypatch.setattr(interrupts, "REPEAT_SECONDS", 0.01)

    def save():
        if again:
            send(again)
        time.sleep(0.2)
        return "It is kept."

    with pytest.raises(Stopped, match="Stopped by SIGTERM. It is kept."):
        stopping_at(lambda: (send(signal.SIGTERM), stop_if_asked()), save)


# the command line, which sends itself a signal in a step of SVI; checkpoints are not due before tomorrow
AT_STEP = """
import os, sys
from fatebias.base import checkpoint
from fatebias.vi import svi
checkpoint.LEAST_SECONDS = checkpoint.MOST_SECONDS = 86400
number, step, take = int(sys.argv.pop(1)), int(sys.argv.pop(1)), svi._Steps.take
def signalled(self):
    take(self)
    if len(self.losses) == step:
        os.kill(os.getpid(), number)
svi._Steps.take = signalled
from fatebias.__main__ import main
main()
"""


@pytest.fixture(scope="module")
def arguments(tmp_path_factory):
    """Of a fit, but its folder."""
    folder = tmp_path_factory.mktemp("sim")
    main(["simulate", "--out", str(folder), "--cells", "800", "--genes", "6", "--guides-per-gene", "3", "--ntc", "4"])
    settings = {"num_steps": 60, "likelihood_weight": 7, "threads": 1, "num_posterior_draws": 50}
    parts = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    return ["fit", str(folder / "screen.h5ad"), "--guides", str(folder / "guide_map.csv"), *parts, "--out"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory, arguments):
    """Folder of that fit, undisturbed."""
    folder = tmp_path_factory.mktemp("whole")
    main([*arguments, str(folder)])
    return folder


@pytest.mark.parametrize("number", STOPPING)
def test_a_signal_writes_a_checkpoint_at_the_next_step_and_ends_with_its_own_exit_code(
    tmp_path, arguments, whole, number
):
    command = [sys.executable, "-c", AT_STEP, str(int(number)), "41", *arguments, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    path = tmp_path / CHECKPOINT
    assert done.returncode == 128 + number and list(tmp_path.iterdir()) == [path], done.stderr
    said = f"Stopped by {number.name}. The same fit goes on from {path}."
    assert done.stderr.splitlines()[-1] == said and "Traceback" not in done.stderr
    main([*arguments, str(tmp_path)])
    manifest = json.loads((tmp_path / "fit_manifest.json").read_text())
    assert manifest["resumed"][0].items() >= {"at": "svi", "steps": 41}.items()
    names = {one.name for one in whole.iterdir()} - {"fit_manifest.json"}
    assert all((whole / name).read_bytes() == (tmp_path / name).read_bytes() for name in names)


def test_ctrl_c_ends_the_command_and_leaves_a_checkpoint_from_which_it_goes_on(tmp_path):
    small = ["--cells", "800", "--genes", "6", "--guides-per-gene", "3", "--ntc", "4"]
    main(["simulate", "--out", str(tmp_path), *small])
    out = tmp_path / "out"
    settings = {"num_steps": 600, "loss_tolerance": 0, "likelihood_weight": 7, "threads": 1, "num_posterior_draws": 50}
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

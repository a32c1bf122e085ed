"""The lock of a folder, with real processes: killed, racing, of other machines."""

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from fatebias.base import holder as holders
from fatebias.base.errors import ExportError, ExportWarning
from fatebias.base.holder import HELD, Holder, is_gone, this_process
from fatebias.base.lock import LOCK, FolderLock, Pulse, folder_lock, look

USUAL, QUICK = Pulse(), Pulse(beat=0.05, stale=0.4)
HOLD = """
import sys, time
from pathlib import Path
from fatebias.base.lock import folder_lock
with folder_lock(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(600)
"""
RACE = """
import sys, time, warnings
from pathlib import Path
from fatebias.base.errors import ExportError
from fatebias.base.lock import folder_lock
warnings.simplefilter("ignore")
folder = Path(sys.argv[1])
print("ready", flush=True)
sys.stdin.readline()
try:
    with folder_lock(folder):
        (folder / f"won-{sys.argv[2]}").touch()
        sys.stdin.readline()
except ExportError as error:
    print("refused" if "A fit runs in" in str(error) else error, flush=True)
"""


def start(code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def record(folder, **changes):
    """A lock that somebody else has left."""
    whole = json.loads(this_process("0123456789abcdef").as_json()) | changes
    (folder / LOCK).write_text(json.dumps(whole))
    return whole


def until(condition):
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.005)


def last_of(processes):
    """The one of them that still runs when all others have ended."""
    until(lambda: sum(process.poll() is None for process in processes) == 1)
    return next(process for process in processes if process.poll() is None)


@contextmanager
def taken_over(folder, said, pulse=USUAL):
    """Hold a folder whose lock a kill has left."""
    with ExitStack() as stack:
        with pytest.warns(ExportWarning, match=said):
            lock = stack.enter_context(folder_lock(folder, pulse))
        yield lock


@pytest.fixture
def held(tmp_path):
    """A folder that another process holds."""
    process = start(HOLD, tmp_path)
    assert process.stdout.readline() == "held\n"
    yield tmp_path, process
    process.kill()
    process.wait()


def test_the_second_is_told_who_holds_the_folder(held):
    folder, process = held
    said = f"A fit runs in {folder}: process {process.pid} of .* on .*, since 20"
    with pytest.raises(ExportError, match=said), folder_lock(folder):
        pass
    assert names_in(folder) == [LOCK]
    assert look(folder / LOCK).holder.pid == process.pid


@pytest.mark.parametrize("reaped", [True, False])
def test_the_lock_of_a_killed_process_is_taken_over_and_told(held, reaped):
    folder, process = held
    process.kill()
    if reaped:
        process.wait()
    else:  # a zombie, whose parent does not look
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    said = f"process {process.pid} .*was killed; it is taken over"
    with taken_over(folder, said) as lock:
        assert look(folder / LOCK).holder == lock.holder and names_in(folder) == [LOCK]
        lock.confirm()
    assert names_in(folder) == []


def test_a_number_that_another_process_has_by_now_is_recognised(tmp_path, held):
    folder, process = held
    record(tmp_path, pid=process.pid, started="1")
    with pytest.warns(ExportWarning, match="taken over"), folder_lock(tmp_path):
        pass


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGSTOP])
def test_ctrl_c_gives_the_lock_back_and_a_stopped_process_keeps_it(held, number):
    folder, process = held
    process.send_signal(number)
    if number == signal.SIGINT:
        assert process.wait() != 0 and names_in(folder) == []
    else:
        with pytest.raises(ExportError, match="A fit runs in"), folder_lock(folder):
            pass


def test_an_error_gives_the_lock_back(tmp_path):
    with pytest.raises(ValueError, match="x"), folder_lock(tmp_path):
        raise ValueError("x")
    assert names_in(tmp_path) == [] and not HELD


def test_of_many_at_a_lock_that_a_kill_has_left_one_wins(tmp_path):
    for again in range(2):
        folder = tmp_path / str(again)
        folder.mkdir()
        killed = start(HOLD, folder)
        killed.stdout.readline()
        racers = [start(RACE, folder, k) for k in range(5)]
        assert all(racer.stdout.readline() == "ready\n" for racer in racers)
        killed.kill()
        killed.wait()
        for racer in racers:
            racer.stdin.write("go\n")
            racer.stdin.flush()
        winner = last_of(racers)
        assert len([name for name in names_in(folder) if name.startswith("won-")]) == 1
        assert winner.communicate("end\n", timeout=20)[0] == ""
        assert all(racer.stdout.read() == "refused\n" for racer in racers if racer is not winner)
        assert not any(name.startswith(LOCK) for name in names_in(folder))


def test_of_many_threads_at_a_stale_lock_none_meet(tmp_path):
    """Each takes over what the one before has left behind, and never while another is within."""
    inside, worst, wins = [], [], []

    def take(k):
        lock = FolderLock(tmp_path / LOCK, QUICK)
        HELD.add(lock.holder.token)
        for _ in range(40):
            if lock.try_take() is None:
                inside.append(k)
                worst.append(len(inside))
                wins.append(k)
                inside.remove(k)
                HELD.discard(lock.holder.token)  # as if it had been killed: the lock stays
                return
            time.sleep(0.001)

    warnings.simplefilter("ignore", ExportWarning)
    threads = [threading.Thread(target=take, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wins and max(worst) == 1


def test_a_take_over_that_was_killed_hinders_nobody(tmp_path):
    """The claim on a stale lock is a lock as well, and its record stale in the same way."""
    gone = record(tmp_path, pid=os.getppid(), started="1")
    claim = tmp_path / f"{LOCK}.{gone['token']}"
    claim.write_text(json.dumps(gone | {"token": "fedcba9876543210"}))
    with pytest.warns(ExportWarning, match="taken over"), folder_lock(tmp_path):
        assert names_in(tmp_path) == [LOCK]


def test_on_another_machine_a_beat_tells_that_the_holder_runs(tmp_path):
    record(tmp_path, pid=os.getppid(), host="elsewhere")
    path, ended = tmp_path / LOCK, threading.Event()

    def beat():
        while not ended.wait(QUICK.beat):
            os.utime(path)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        with pytest.raises(ExportError, match="on elsewhere, since"), folder_lock(tmp_path, QUICK):
            pass
    finally:
        ended.set()
        thread.join()
    start = time.monotonic()
    with taken_over(tmp_path, "on elsewhere.*taken over", QUICK) as lock:
        assert time.monotonic() - start > QUICK.stale / 2  # it was waited for
        before = look(path).time
        until(lambda: look(path).time > before)  # its own beat
        lock.confirm()


def test_an_old_lock_of_another_machine_is_not_waited_for(tmp_path):
    record(tmp_path, pid=os.getppid(), machine="another start of this one")
    os.utime(tmp_path / LOCK, (1e9, 1e9))
    with pytest.warns(ExportWarning, match="taken over"), folder_lock(tmp_path):
        pass


def test_who_seemed_killed_notices_it_and_leaves_the_lock_of_the_other(tmp_path):
    slow = Pulse(beat=600, stale=600)
    with folder_lock(tmp_path, slow) as lock:
        lock.confirm()
        other = record(tmp_path, host="elsewhere", token="f" * 16)
        with pytest.raises(ExportError, match="taken over by process .* on elsewhere"):
            lock.confirm()
    assert look(tmp_path / LOCK).holder == Holder(**other)


def test_a_lock_that_somebody_removed_is_made_again(tmp_path):
    with folder_lock(tmp_path) as lock:
        (tmp_path / LOCK).unlink()
        lock.confirm()
        assert look(tmp_path / LOCK).holder == lock.holder
    assert names_in(tmp_path) == []


WHOLE = json.loads(this_process("0" * 16).as_json())
DAMAGED = [
    b"", b"{", b"[]", b"[" * 100_000, b"\xff\xfe", b'{"pid": 1}', json.dumps(WHOLE | {"pid": "1"}).encode(),
    json.dumps(WHOLE | {"token": "../../x"}).encode(), json.dumps(WHOLE | {"user": None}).encode(),
]  # fmt: skip


@pytest.mark.parametrize("text", DAMAGED)
def test_a_damaged_lock_is_told_and_taken_over_when_nobody_touches_it(tmp_path, text, capsys):
    (tmp_path / LOCK).write_bytes(text)
    with pytest.warns(ExportWarning, match="that is damaged was left"), folder_lock(tmp_path, QUICK):
        assert names_in(tmp_path) == [LOCK]
    assert "it is damaged" in capsys.readouterr().err


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo, lambda path: path.symlink_to("/etc/passwd")])
def test_what_is_no_file_is_no_lock_and_stays(tmp_path, make):
    make(tmp_path / LOCK)
    with pytest.raises(ExportError, match="is no file, so it is no lock"), folder_lock(tmp_path):
        pass
    assert names_in(tmp_path) == [LOCK]


def test_text_of_a_lock_cannot_write_on_the_screen(tmp_path, held):
    folder, process = held
    record(folder, user="a\x1b[31m\nError", pid=process.pid, started=look(folder / LOCK).holder.started)
    with pytest.raises(ExportError) as error, folder_lock(folder):
        pass
    assert str(error.value).isprintable()


def test_where_there_are_no_links_the_lock_is_made_alone(tmp_path, monkeypatch):
    def refuse(*paths):
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "link", refuse)
    with folder_lock(tmp_path) as lock:
        assert look(tmp_path / LOCK).holder == lock.holder and names_in(tmp_path) == [LOCK]
        with pytest.raises(ExportError, match="A fit runs in"), folder_lock(tmp_path):
            pass
    assert names_in(tmp_path) == []


def test_a_link_whose_answer_was_lost_counts(tmp_path, monkeypatch):
    link = os.link

    def lose(*paths):
        link(*paths)
        raise FileExistsError(17, "File exists")

    monkeypatch.setattr(os, "link", lose)
    with folder_lock(tmp_path) as lock:
        assert look(tmp_path / LOCK).holder == lock.holder


def test_a_full_disk_leaves_no_lock_where_there_are_no_links(tmp_path, monkeypatch):
    def refuse(*paths):
        raise OSError(95, "Operation not supported")

    class Full(io.BytesIO):
        def write(self, text):
            raise OSError(28, "No space left on device")

    def open_full(path, mode="r", **more):
        file = usual(path, mode, **more)
        return Full() if path.name == LOCK and mode == "xb" else file

    usual = Path.open
    monkeypatch.setattr(os, "link", refuse)
    monkeypatch.setattr(Path, "open", open_full)
    with pytest.raises(ExportError, match="Cannot write the lock .*No space left"), folder_lock(tmp_path):
        pass
    assert names_in(tmp_path) == []


def old(path, text=""):
    path.write_text(text)
    os.utime(path, (1e9, 1e9))


def test_what_killed_processes_left_goes_and_what_is_the_users_stays(tmp_path):
    """A file of a user that is named alike, and a folder, whose removal would fail."""
    token = "0123456789abcdef"
    for name in (f"-{token}", f".{token}", f".{token}-{token}", f".{token}.{token}-{token}"):
        old(tmp_path / f"{LOCK}{name}")
    users = [f"{LOCK}{end}" for end in (".bak", "-old", f".{token}.txt", f".{token}f", f"-{token[1:]}")]
    for name in users:
        old(tmp_path / name)
    for name in (f"{LOCK}.d", f"{LOCK}.{token[::-1]}"):
        (tmp_path / name).mkdir()
        os.utime(tmp_path / name, (1e9, 1e9))
        users.append(name)
    new = f"{LOCK}-{token[::-1]}"  # of a process that takes the lock just now
    (tmp_path / new).touch()
    with folder_lock(tmp_path):
        assert names_in(tmp_path) == sorted([LOCK, new, *users])


def test_a_record_that_goes_while_it_is_looked_at_hinders_nobody(tmp_path, monkeypatch):
    """As those of processes that take the lock at the same time do."""
    vanishing, lstat = tmp_path / f"{LOCK}-0123456789abcdef", Path.lstat
    old(vanishing)

    def late(path):
        if path == vanishing:
            path.unlink(missing_ok=True)
        return lstat(path)

    monkeypatch.setattr(Path, "lstat", late)
    with folder_lock(tmp_path):
        assert names_in(tmp_path) == [LOCK]


def test_a_lock_that_is_waited_for_is_told_to_no_terminal(tmp_path, monkeypatch):
    (tmp_path / LOCK).touch()
    monkeypatch.setattr(sys, "stderr", closed := io.StringIO())
    closed.close()
    with taken_over(tmp_path, "taken over", QUICK):
        assert names_in(tmp_path) == [LOCK]


def test_one_process_does_not_take_a_folder_twice_but_what_ctrl_c_left_it(tmp_path):
    with folder_lock(tmp_path), pytest.raises(ExportError, match="A fit runs in"), folder_lock(tmp_path):
        pass
    record(tmp_path)  # of this process, which does not hold it
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with folder_lock(tmp_path):
            pass


def test_a_holder_is_gone_alive_or_unknown(monkeypatch):
    alive = this_process("0" * 16)
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    other = Holder(**json.loads(alive.as_json()) | {"pid": os.getppid(), "started": holders._started(os.getppid())})
    assert is_gone(other) is False
    assert is_gone(Holder(**json.loads(alive.as_json()) | {"pid": process.pid})) is True
    monkeypatch.setattr(holders, "_machine", lambda: "")
    assert is_gone(other) is None and is_gone(this_process("0" * 16)) is None and is_gone(None) is None


def test_a_holder_that_the_system_hides_is_not_gone(monkeypatch):
    """/proc mounted with hidepid=2 shows nobody else's processes; the beat of the lock is to decide."""
    whole = json.loads(this_process("0" * 16).as_json())
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    monkeypatch.setattr(holders, "_started", lambda pid: None)
    assert is_gone(Holder(**whole | {"pid": os.getppid()})) is None  # it runs
    assert is_gone(Holder(**whole | {"pid": process.pid})) is True
    assert is_gone(Holder(**whole | {"pid": 10**30})) is True

    def refuse(pid, number):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "kill", refuse)
    assert is_gone(Holder(**whole | {"pid": os.getppid()})) is None


def test_a_running_fit_that_the_system_hides_keeps_its_folder(held, monkeypatch):
    folder, process = held
    monkeypatch.setattr(holders, "_started", lambda pid: "1" if pid == os.getpid() else None)
    ended = threading.Event()

    def beat():  # quicker than that process does
        while not ended.wait(QUICK.beat):
            os.utime(folder / LOCK)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        with pytest.raises(ExportError, match=f"A fit runs in {folder}: process {process.pid}"):
            FolderLock(folder / LOCK, QUICK).take()
    finally:
        ended.set()
        thread.join()

"""One fit at a time in a folder: a lock that outlives no kill, and names who holds it.

The lock is a small file, `.fit.lock`, which appears whole (a hard link to a finished one: NFS makes a link or does not,
while its flock() may do nothing). Whether its holder still runs is known of a process of this machine: by its number
and the moment of its start, since numbers are used again. Of another machine a beat tells: every `Pulse.beat` seconds
the holder renews the time of its lock, and whose lock had none for `Pulse.stale` seconds counts as killed. Both times
are set by the machine of the files, so that clocks need not agree.

A lock that a kill has left is taken over under a claim: a lock of its own, whose name has the token of that one lock.
Whoever has the claim looks again before it puts its own lock in the place, so that of many one wins.

filelock's SoftFileLock knows killed holders of the same machine only, and tells nobody's name; no lock of the system
works on all file systems of clusters.
"""

import os
import re
import secrets
import stat
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from .console import say
from .errors import ExportError, ExportWarning
from .holder import HELD, Holder, is_gone, this_process

LOCK = ".fit.lock"
MOST_BYTES = 1 << 16  # of a lock; what is larger is none
_TOKENS = "([-.][0-9a-f]{16})+"  # of records (-) and claims (.), behind the name of the lock


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """Seconds: between two beats of a holder, and without one until it counts as killed."""

    beat: float = 30.0
    stale: float = 300.0


@dataclass(frozen=True, kw_only=True)
class Found:
    """A lock as it lies there. holder: None where it is damaged. time: of its last beat. inode: its number."""

    holder: Holder | None
    time: float
    inode: int

    @property
    def token(self) -> str:
        """What tells this lock from others at the same place."""
        return self.holder.token if self.holder else f"{self.inode:016x}"


class FolderLock:
    """The lock of one process; see `folder_lock`."""

    def __init__(self, path: Path, pulse: Pulse):
        self.path, self.holder = path, this_process(secrets.token_hex(8))
        self._pulse, self._ended = pulse, threading.Event()
        self._own = path.with_name(f"{path.name}-{self.holder.token}")  # whole before it is linked to `path`

    def take(self) -> None:
        """Take the lock, also one that a kill has left. Raises ExportError where its holder runs.

        Of one on another machine that is known within a beat; one without a beat is waited for until it is stale.
        """
        HELD.add(self.holder.token)
        first: Found | None = None
        while True:
            found = self.try_take()
            if found is None:
                break
            if is_gone(found.holder) is False or (first and first.token == found.token and first.time != found.time):
                raise ExportError(self._refusal(found))
            if first is None or first.token != found.token:
                first = found
                if is_gone(found.holder) is None:
                    self._tell_waiting(found)
            time.sleep(min(1.0, self._pulse.beat / 4))
        threading.Thread(target=self._beat, daemon=True).start()

    def try_take(self) -> Found | None:
        """None where the lock is this process's now; else the lock that is there."""
        now = self._write_own()
        if self._link():
            return None
        found = look(self.path)
        if found is None:
            return self.try_take()  # released just now
        gone = is_gone(found.holder)
        if gone or (gone is None and now - found.time > self._pulse.stale):
            return None if self._take_over(found) else found
        return found

    def confirm(self) -> None:
        """Raise ExportError where the lock is another's by now: this process was stopped for so long that it seemed
        killed. One that somebody has removed is made again.
        """
        found = look(self.path)
        if found is None:
            self._write_own()
            if self._link():
                return
            found = look(self.path)
        if found is None or found.token != self.holder.token:
            who = found.holder.words() if found and found.holder else "another process"
            raise ExportError(
                f"{self.path.parent} was taken over by {who}, to which this fit seemed killed (it gave no sign for "
                f"{_minutes(self._pulse.stale)}). Its results were not written; name another `out_dir`."
            )

    def release(self) -> None:
        """Give the lock back; that of another is left alone."""
        self._ended.set()
        self._own.unlink(missing_ok=True)
        with suppress(ExportError):  # what is no lock is left alone
            found = look(self.path)
            if found and found.token == self.holder.token:
                self.path.unlink(missing_ok=True)
        HELD.discard(self.holder.token)

    def _write_own(self) -> float:
        """Write this process's record where nobody looks for it; returns its time, by the machine of the files."""
        try:
            if self._own.exists():
                os.utime(self._own)
            else:
                with self._own.open("xb") as file:
                    file.write(self.holder.as_json())
                    file.flush()
                    os.fsync(file.fileno())
            return self._own.stat().st_mtime
        except OSError as error:
            raise ExportError(f"Cannot write the lock {self.path}: {error}.") from error

    def _link(self) -> bool:
        """Give the record the name of the lock, if nothing has it."""
        try:
            os.link(self._own, self.path)
        except OSError as error:
            if self._is_linked():  # NFS may lose the answer that it was done
                return self._taken()
            return False if isinstance(error, FileExistsError) else self._create()
        return self._taken()

    def _is_linked(self) -> bool:
        try:
            return self._own.stat().st_nlink == 2
        except FileNotFoundError:
            return False

    def _create(self) -> bool:
        """The same where the file system has no hard links."""
        made = False
        try:
            with self.path.open("xb") as file:
                made = True
                file.write(self.holder.as_json())
        except OSError as error:
            if made:  # half a record is nobody's: `release` would leave it
                self.path.unlink(missing_ok=True)
            elif isinstance(error, FileExistsError):
                return False
            raise ExportError(f"Cannot write the lock {self.path}: {error}.") from error
        return self._taken()

    def _taken(self) -> bool:
        self._own.unlink(missing_ok=True)
        return True

    def _take_over(self, found: Found) -> bool:
        """Put the own record in the place of a lock that a kill has left; False where another process was first."""
        claim = FolderLock(self.path.with_name(f"{self.path.name}.{found.token}"), self._pulse)
        HELD.add(claim.holder.token)
        try:
            if claim.try_take() is not None or look(self.path) != found:
                return False
            os.replace(self._own, self.path)
        except OSError as error:
            raise ExportError(f"Cannot take over the lock {self.path}: {error}. Remove it.") from error
        finally:
            claim.release()
        if found.holder is None or found.holder.pid != os.getpid():
            warnings.warn(self._inheritance(found), ExportWarning, stacklevel=6)
        return True

    def _beat(self) -> None:
        """Renew the time of the lock until it is given back, or is another's."""
        while not self._ended.wait(self._pulse.beat):
            try:
                found = look(self.path)
                if found and found.token == self.holder.token:
                    os.utime(self.path)
            except (ExportError, OSError):  # a file server that is away for a while; `confirm` says what was lost
                continue

    def _refusal(self, found: Found) -> str:
        who = found.holder.words() if found.holder else "a process whose record is damaged"
        return (
            f"A fit runs in {self.path.parent}: {who}. Two would mix their files: wait for its end, or name another "
            f"`out_dir`. If you know that it has ended, remove {self.path}."
        )

    def _tell_waiting(self, found: Found) -> None:
        who = found.holder.words() if found.holder else f"a process that {self.path} does not name: it is damaged"
        say(
            f"{self.path.parent} is locked by {who}. Looking whether it still runs; it counts as killed after "
            f"{_minutes(self._pulse.stale)} without a sign."
        )

    def _inheritance(self, found: Found) -> str:
        what = f"of {found.holder.words()}" if found.holder else "that is damaged"
        return f"The lock {self.path} {what} was left by a fit that was killed; it is taken over."


@contextmanager
def folder_lock(folder: Path, pulse: Pulse = Pulse()) -> Iterator[FolderLock]:
    """Hold a folder within the `with` block, so that no other fit writes there; it must exist.

    Raises ExportError where another process holds it, with who that is. A lock that a kill has left is taken over,
    with an ExportWarning.
    """
    lock = FolderLock(folder / LOCK, pulse)
    try:
        lock.take()
        _sweep(lock.path, pulse)
        yield lock
    finally:
        lock.release()


def look(path: Path) -> Found | None:
    """The lock at a path, None where there is none. Raises ExportError for what is no file."""
    try:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        if not stat.S_ISREG(path.lstat().st_mode):
            raise ExportError(f"{path} is no file, so it is no lock of a fit; remove it.")
        with os.fdopen(os.open(path, flags), "rb") as file:
            found = os.fstat(file.fileno())  # of an open file NFS asks the server
            text = file.read(MOST_BYTES)
    except FileNotFoundError:
        return None
    except PermissionError:
        found, text = path.lstat(), b""
    except OSError as error:
        raise ExportError(f"Cannot read the lock {path}: {error}. Remove it if no fit runs there.") from error
    return Found(holder=Holder.parse(text), time=found.st_mtime, inode=found.st_ino)


def _sweep(path: Path, pulse: Pulse) -> None:
    """Remove records and claims of processes that were killed while they took the lock.

    Those of processes that take it now come and go meanwhile; what cannot be removed hinders no fit.
    """
    names = re.compile(re.escape(path.name) + _TOKENS)
    with suppress(OSError):
        now = path.lstat().st_mtime
        for other in [one for one in path.parent.iterdir() if names.fullmatch(one.name)]:
            with suppress(OSError):
                found = other.lstat()
                if stat.S_ISREG(found.st_mode) and now - found.st_mtime > pulse.stale:
                    other.unlink()


def _minutes(seconds: float) -> str:
    return f"{seconds:g} s" if seconds < 120 else f"{seconds / 60:g} minutes"

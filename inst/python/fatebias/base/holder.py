"""Who holds a lock, and whether that process still runs."""

import getpass
import json
import os
import platform
import re
import subprocess
import sys
import uuid
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from pathlib import Path

HELD: set[str] = set()  # tokens of the locks that this process takes or holds
_TOKEN = re.compile("[0-9a-f]{16}")
_PROC = Path("/proc")
_LONGEST = 200  # letters of a field that are told


@dataclass(frozen=True, kw_only=True)
class Holder:
    """A process that holds a lock. token: of the lock, hexadecimal. machine: where its number `pid` counts (a start of
    the system, a container); empty where that is not known. started: when, in the system's own words. since: when it
    took the lock, UTC.
    """

    token: str
    host: str
    machine: str
    pid: int
    started: str
    user: str
    since: str

    def as_json(self) -> bytes:
        return (json.dumps(asdict(self), indent=1) + "\n").encode()

    @classmethod
    def parse(cls, text: bytes) -> "Holder | None":
        """The inverse of `as_json`; None for anything else."""
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            return None
        if not isinstance(found, dict) or set(found) != {field.name for field in fields(cls)}:
            return None
        texts = {name: value for name, value in found.items() if name != "pid"}
        if not all(isinstance(value, str) for value in texts.values()) or type(found["pid"]) is not int:
            return None
        return cls(**found) if _TOKEN.fullmatch(found["token"]) else None

    def words(self) -> str:
        """For messages."""
        return f"process {self.pid} of {_shown(self.user)} on {_shown(self.host)}, since {_shown(self.since)}"


def this_process(token: str) -> Holder:
    """This process, about to take a lock."""
    return Holder(
        token=token, host=platform.node(), machine=_machine(), pid=os.getpid(), started=_started(os.getpid()) or "",
        user=_user(), since=datetime.now(UTC).isoformat(timespec="seconds"),
    )  # fmt: skip


def is_gone(holder: Holder | None) -> bool | None:
    """Has a holder ended? None where this process cannot know: the holder is another machine's, the record is damaged,
    or the system hides processes of other users (/proc mounted with hidepid).
    """
    if holder is None or not holder.machine or (holder.host, holder.machine) != (platform.node(), _machine()):
        return None
    if holder.token in HELD:
        return False
    if holder.pid == os.getpid():
        return True
    started = _started(holder.pid)
    if started is None and _may_run(holder.pid):
        return None
    return not started or started != holder.started


def _machine() -> str:
    """Where numbers of processes mean the same; empty where the system does not tell."""
    try:
        boot = (_PROC / "sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink(_PROC / 'self/ns/pid')}"
    except OSError:
        return f"{uuid.getnode():x}" if sys.platform == "darwin" else ""


def _started(pid: int) -> str | None:
    """When a process started, in the system's own words; empty where it has ended but its parent has not looked yet,
    None where none is to be seen.
    """
    if sys.platform == "darwin":
        asked = ["ps", "-o", "lstart=", "-p", str(pid)]
        return subprocess.run(asked, capture_output=True, text=True, env={"LC_ALL": "C"}).stdout.strip() or None
    try:
        words = (_PROC / str(pid) / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    return "" if words[0] in "ZX" else words[19]  # state; ticks from the start of the system, see proc(5)


def _may_run(pid: int) -> bool:
    """Is there a process of this number, be it hidden? The signal 0 asks, and does nothing."""
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):  # a number without a name, as in containers
        return f"user {os.getuid()}" if hasattr(os, "getuid") else "an unknown user"


def _shown(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text[:_LONGEST])

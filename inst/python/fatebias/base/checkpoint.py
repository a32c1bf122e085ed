"""Checkpoints: a fit that was killed goes on where it was, and ends with the same numbers.

A fit is a tree of places ("laplace/rounds", "svi"), each of which may save where it stands. All states lie
in one file: a line of JSON (what the fit is made from, where it stood), then the states. The file is
written under another name and renamed, so that whatever the moment of a kill, it is whole. What is there instead of
such a file, or damaged, is set aside under DAMAGED, so that the next run finds nothing to stumble over.
"""

import io
import json
import time
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .checkpoint_file import (
    POSITION,
    DamagedError,
    NotUsableError,
    load_states,
    read_parts,
    refuse_other_key,
    set_aside,
)
from .console import say
from .constants import CONSTANTS
from .errors import FitWarning
from .files import digest_of, remove_parts, whole_file
from .interrupts import stop_asked, stop_if_asked

CHECKPOINT = CONSTANTS.checkpoint_file
LEAST_SECONDS = 5.0  # between two writes, at least
MOST_SECONDS = 50.0  # at most, so that with the step in between no minute is lost
WRITE_SHARE = 0.01  # of a fit's time that writing may take, within these bounds


class Checkpoint:
    """One place of a fit, where its state is saved and loaded; without a file nothing is kept.

    A state is a dict of tensors, numbers, texts, None, and lists and dicts of these; what was saved must not be
    changed in place later.
    """

    def __init__(self, file: "_File | None" = None, place: str = ""):
        self._file, self._place = file, place

    def at(self, name: str) -> "Checkpoint":
        """The place `name` within this one."""
        return Checkpoint(self._file, f"{self._place}/{name}".lstrip("/"))

    def load(self, like: Mapping[str, Any] | None = None) -> dict[str, Any] | None:
        """The state saved here, or None; tensors are on the device of the fit.

        like: a state of the right form, see `same_form`; raises StateError where the saved one has another.
        """
        state = self._file.states.get(self._place) if self._file else None
        if state is not None and like is not None and not same_form(state, like):
            raise StateError(f"the state of {self._place} has not the form that this fit needs")
        return state

    def save(self, state: Mapping[str, Any], steps: int, final: bool = False) -> None:
        """Keep the state after so many steps, instead of any other state here and within; write it when that is due.

        final: the last state here; written as soon as LEAST_SECONDS allow, since what follows may save nothing.
        A file that cannot be written gives one FitWarning; the fit goes on. Where a signal has asked for the end the
        state is written at once, and Stopped raised.
        """
        if self._file:
            self._file.keep(self._place, state, steps, final)

    @property
    def due(self) -> bool:
        """Would a save be written now? For states that are not to be made in vain."""
        return self._file is not None and self._file.due

    @property
    def resumed(self) -> list[dict[str, Any]]:
        """Each time that this fit went on from a checkpoint: `at` (place), `steps` taken there, `saved` (time)."""
        return list(self._file.resumed) if self._file else []

    @property
    def doubted(self) -> bool:
        """Was a file read, and nothing saved since? Then what fails may fail for what is in it."""
        return self._file is not None and bool(self._file.resumed) and not self._file.saved

    def set_aside(self, reason: str) -> None:
        """Rename the file, forget what was read of it, and say so in a FitWarning."""
        if self._file:
            self._file.states, self._file.resumed = {}, self._file.resumed[:-1]
            _warn_not_used(self._file.path, reason, set_aside(self._file.path))

    def flush(self) -> str:
        """Write what was saved but not yet written; what a run can go on from, as a sentence."""
        return self._file.flush() if self._file else ""

    def remove(self) -> None:
        """Remove the file: the fit has ended."""
        if self._file:
            self._file.remove()


NOWHERE = Checkpoint()


class StateError(ValueError):
    """Raised when a state is not what its place has saved."""


def same_form(state: Any, like: Any) -> bool:
    """Has a state the keys, types, shapes and types of numbers of another one? A None in `like` stands for anything."""
    if like is None:
        return True
    if isinstance(like, Mapping):
        return (
            isinstance(state, dict) and state.keys() == like.keys() and all(same_form(state[k], like[k]) for k in like)
        )
    if isinstance(like, (list, tuple)):
        return isinstance(state, list) and len(state) == len(like) and all(map(same_form, state, like))
    if hasattr(like, "shape"):
        return hasattr(state, "shape") and (state.shape, state.dtype) == (like.shape, like.dtype)
    return type(state) is type(like)


def open_checkpoint(
    out_dir: str | Path, key: Mapping[str, Any], progress: bool = False, clock: Callable[[], float] = time.monotonic
) -> Checkpoint:
    """The checkpoint in a results folder, with the states that a killed fit of the same key (`results.fit_key`) left.

    A file of another key is not used, and what is damaged or no file is set aside: a FitWarning says so, and the fit
    starts afresh. The digest guards against accidents; of a file that somebody made nothing is run (`weights_only`).
    """
    file = _File(Path(out_dir) / CHECKPOINT, key, clock)
    remove_parts(file.path)  # of runs that were killed while they wrote
    try:
        file.read()
    except DamagedError as reason:
        _warn_not_used(file.path, str(reason), set_aside(file.path))
    except NotUsableError as reason:
        _warn_not_used(file.path, str(reason))
    if progress and file.resumed:
        last = file.resumed[-1]
        say(f"Going on from {file.path}: {last['at']}, after {last['steps']} steps")
    return Checkpoint(file)


def _warn_not_used(path: Path, reason: str, aside: str = "") -> None:
    message = f"{path} is not used: {reason}. The fit starts from its beginning{aside and f'; {aside}'}."
    warnings.warn(message, FitWarning, stacklevel=4)


class _File:
    """The file and the states in it, by place. resumed: see `Checkpoint`."""

    def __init__(self, path: Path, key: Mapping[str, Any], clock: Callable[[], float]):
        self.path = path
        self.states: dict[str, dict[str, Any]] = {}
        self.resumed: list[dict[str, Any]] = []
        self.saved = False  # by this run
        self._key, self._clock = json.loads(json.dumps(key)), clock
        self._written, self._cost, self._warned = clock(), 0.0, False
        self._unwritten: dict[str, Any] | None = None  # position of the last state that is kept, but not in the file

    def read(self) -> None:
        """Take over the states of an earlier run, where there is one. Raises NotUsableError."""
        found = read_parts(self.path)
        if found is None:
            return
        header, payload = found
        refuse_other_key(header["key"], self._key)
        if (header["bytes"], header["digest"]) != (len(payload), digest_of([payload])):
            raise DamagedError("it is damaged")
        self.states = load_states(payload, self._key["device"])
        self.resumed = [*header["resumed"], {name: header[name] for name in POSITION}]

    @property
    def due(self) -> bool:
        return bool(stop_asked()) or self._rested(min(MOST_SECONDS, max(LEAST_SECONDS, self._cost / WRITE_SHARE)))

    def _rested(self, seconds: float) -> bool:
        return self._clock() - self._written >= seconds

    def keep(self, place: str, state: Mapping[str, Any], steps: int, final: bool) -> None:
        within = [name for name in self.states if name.startswith(f"{place}/")]
        for name in within:
            del self.states[name]
        self.states[place] = dict(state)
        self.saved = True
        self._unwritten = {"at": place, "steps": steps, "saved": datetime.now(UTC).isoformat(timespec="seconds")}
        if self.due or (final and self._rested(LEAST_SECONDS)):
            self._write(self._unwritten)
        stop_if_asked()

    def flush(self) -> str:
        if self._unwritten:
            self._write(self._unwritten)
        if self._unwritten:
            return f"The last steps could not be kept in {self.path}."
        there = self.path.is_file()
        return f"The same fit goes on from {self.path}." if there else "There was nothing to keep yet."

    def _write(self, position: Mapping[str, Any]) -> None:
        start = self._clock()
        try:
            self._replace(position)
            self._unwritten = None
        except OSError as error:  # a full disk is no reason to lose the fit as well
            if not self._warned:
                message = f"Cannot write the checkpoint {self.path}: {error}. The fit goes on; killed, it would lose "
                warnings.warn(message + "what it has done since the last checkpoint.", FitWarning, stacklevel=5)
            self._warned = True
        self._written = self._clock()
        self._cost = self._written - start

    def _replace(self, position: Mapping[str, Any]) -> None:
        import torch

        payload = io.BytesIO()
        torch.save(self.states, payload)
        content = {"bytes": len(payload.getbuffer()), "digest": digest_of([payload.getbuffer()])}
        header = {"key": self._key, "resumed": self.resumed, **content, **position}
        with whole_file(self.path) as part, part.open("wb") as file:
            file.write(json.dumps(header).encode() + b"\n")
            file.write(payload.getbuffer())

    def remove(self) -> None:
        self.states, self._unwritten = {}, None
        self.path.unlink(missing_ok=True)
        remove_parts(self.path)

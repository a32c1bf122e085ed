"""Checkpoints: a fit that was killed goes on where it was, and ends with the same numbers.

A fit is a tree of places ("laplace/rounds", "svi"), each of which may save where it stands. All states lie
in one file: a line of JSON (what the fit is made from, where it stood), then the states. The file is
written under another name and renamed, so that whatever the moment of a kill, it is whole.
"""

import io
import json
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .constants import CONSTANTS
from .errors import FitWarning
from .files import digest_of, remove_parts, whole_file

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

    def load(self) -> dict[str, Any] | None:
        """The state saved here, or None; tensors are on the device of the fit."""
        return self._file.states.get(self._place) if self._file else None

    def save(self, state: Mapping[str, Any], steps: int, final: bool = False) -> None:
        """Keep the state after so many steps, instead of any other state here and within; write it when that is due.

        final: the last state here; written as soon as LEAST_SECONDS allow, since what follows may save nothing.
        A file that cannot be written gives one FitWarning; the fit goes on.
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

    def remove(self) -> None:
        """Remove the file: the fit has ended."""
        if self._file:
            self._file.remove()


NOWHERE = Checkpoint()


def open_checkpoint(
    out_dir: str | Path, key: Mapping[str, Any], progress: bool = False, clock: Callable[[], float] = time.monotonic
) -> Checkpoint:
    """The checkpoint in a results folder, with the states that a killed fit of the same key (`results.fit_key`) left.

    A file of another key, or one that is damaged, is not used: a FitWarning says so, and the fit starts afresh.
    """
    file = _File(Path(out_dir) / CHECKPOINT, key, clock)
    remove_parts(file.path)  # of runs that were killed while they wrote
    try:
        file.read()
    except _NotUsableError as reason:
        message = f"{file.path} is not used: {reason}. The fit starts from its beginning."
        warnings.warn(message, FitWarning, stacklevel=3)
    if progress and file.resumed:
        last = file.resumed[-1]
        print(f"Going on from {file.path}: {last['at']}, after {last['steps']} steps", file=sys.stderr)
    return Checkpoint(file)


class _NotUsableError(Exception):
    """Why a checkpoint cannot be gone on from."""


class _File:
    """The file and the states in it, by place. resumed: see `Checkpoint`."""

    def __init__(self, path: Path, key: Mapping[str, Any], clock: Callable[[], float]):
        self.path = path
        self.states: dict[str, dict[str, Any]] = {}
        self.resumed: list[dict[str, Any]] = []
        self._key, self._clock = json.loads(json.dumps(key)), clock
        self._written, self._cost, self._warned = clock(), 0.0, False

    def read(self) -> None:
        """Take over the states of an earlier run, where there is one. Raises _NotUsableError."""
        try:
            head, _, payload = self.path.read_bytes().partition(b"\n")
        except FileNotFoundError:
            return
        except OSError as error:
            raise _NotUsableError(f"it cannot be read ({error})") from error
        header = _parsed(head)
        _refuse_other_key(header["key"], self._key)
        if header["digest"] != digest_of([payload]):
            raise _NotUsableError("it is damaged")
        import torch  # here, since the import takes seconds

        self.states = torch.load(io.BytesIO(payload), map_location=self._key["device"], weights_only=True)
        self.resumed = [*header["resumed"], {name: header[name] for name in ("at", "steps", "saved")}]

    @property
    def due(self) -> bool:
        return self._rested(min(MOST_SECONDS, max(LEAST_SECONDS, self._cost / WRITE_SHARE)))

    def _rested(self, seconds: float) -> bool:
        return self._clock() - self._written >= seconds

    def keep(self, place: str, state: Mapping[str, Any], steps: int, final: bool) -> None:
        within = [name for name in self.states if name.startswith(f"{place}/")]
        for name in within:
            del self.states[name]
        self.states[place] = dict(state)
        if self.due or (final and self._rested(LEAST_SECONDS)):
            self._write({"at": place, "steps": steps, "saved": datetime.now(UTC).isoformat(timespec="seconds")})

    def _write(self, position: Mapping[str, Any]) -> None:
        start = self._clock()
        try:
            self._replace(position)
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
        header = {"key": self._key, "resumed": self.resumed, "digest": digest_of([payload.getbuffer()]), **position}
        with whole_file(self.path) as part, part.open("wb") as file:
            file.write(json.dumps(header).encode() + b"\n")
            file.write(payload.getbuffer())

    def remove(self) -> None:
        self.states = {}
        self.path.unlink(missing_ok=True)
        remove_parts(self.path)


def _parsed(head: bytes) -> dict[str, Any]:
    """The line of JSON."""
    try:
        header = json.loads(head)
    except ValueError as error:
        raise _NotUsableError("it is damaged") from error
    if not isinstance(header, dict) or not {"key", "digest", "resumed", "at", "steps", "saved"} <= set(header):
        raise _NotUsableError("it is damaged")
    return header


def _refuse_other_key(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    if found == wanted:
        return
    other = [name for name in wanted if name != "settings" and found.get(name) != wanted[name]]
    before, now = found.get("settings", {}), wanted["settings"]
    other += [f"setting `{name}`" for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    raise _NotUsableError(f"it is the checkpoint of another fit (different: {', '.join(other)})")

"""The folder of a fit, from before work starts until its files are there: looked at, locked, written, tidied."""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ..base import (
    MANIFEST,
    PREVIOUS,
    ExportWarning,
    FolderLock,
    Settings,
    examine_out_dir,
    folder_lock,
    prepare_out_dir,
    refuse_full_disk,
    say,
)
from ..screens import Screen
from .contrasts import named_files
from .files import earlier_files, write_files
from .manifest import fit_id
from .previous import move_previous, read_manifest_bytes, unlisted

_NUMBER, _TEXT = 8, 20  # bytes of a number in an array, which hardly can be compressed, and of one in a table


@dataclass(frozen=True, kw_only=True)
class ResultFolder:
    """A folder that this fit holds. tell: is given what a user should know, in words."""

    path: Path
    lock: FolderLock
    tell: Callable[[str], None]

    def expect(self, screen: Screen, settings: Settings, contrasts: Sequence[str]) -> None:
        """Raise ExportError where what the fit of a screen writes has no place or no room here. contrasts: of all."""
        examine_out_dir(self.path, named_files(contrasts))
        refuse_full_disk(self.path, export_bytes(screen, settings, len(contrasts)))

    def write(
        self,
        tables: Mapping[str, pd.DataFrame],
        arrays: Mapping[str, Mapping[str, np.ndarray]],
        manifest: Mapping[str, Any],
    ) -> dict[str, Any]:
        """Write the files of the fit, see `write_files`; what was made of another fit goes to `previous/`."""
        self.lock.confirm()
        before = read_manifest_bytes(self.path)
        whole = write_files(self.path, tables, arrays, manifest)
        self._tidy(str(fit_id(whole)), unlisted(self.path), before)
        return whole

    def _tidy(self, identity: str, unknown: Sequence[str], before: bytes | None) -> None:
        """Move what was made of another fit, and say so; the fit is there, so that nothing here is an error."""
        previous = self.path / PREVIOUS
        try:
            moved = move_previous(self.path, identity, before)
        except OSError as error:
            message = f"Files in {self.path} that were made from another fit cannot be moved to {previous}: {error}."
            warnings.warn(message, ExportWarning, stacklevel=4)
            return
        if moved:
            self.tell(f"{self.path} held files made from another fit; they are in {previous} now: {', '.join(moved)}.")
        if unknown:
            message = f"{self.path} has files of which no fit is known: {', '.join(unknown)}. Make them again."
            warnings.warn(message, ExportWarning, stacklevel=4)


@contextmanager
def result_folder(out_dir: str | Path, tell: Callable[[str], None] = say) -> Iterator[ResultFolder]:
    """Hold the folder of a fit within the `with` block.

    Raises ExportError before that where another fit holds it, or where something is in the way of the files.
    A manifest of an earlier fit that is damaged gives an ExportWarning: then there was no earlier fit.
    """
    path = prepare_out_dir(out_dir)
    with folder_lock(path) as lock:
        if earlier_files(path) is None:
            message = f"{path / MANIFEST} is damaged, so that an earlier fit in this folder counts as none."
            warnings.warn(message, ExportWarning, stacklevel=4)
        yield ResultFolder(path=path, lock=lock, tell=tell)


def export_bytes(screen: Screen, settings: Settings, n_contrasts: int = 1) -> int:
    """About how many bytes the files of a fit have: a number is 8 bytes in an array and 20 in a table."""
    l, g, d, f = screen.n_genes, screen.n_guides, screen.n_days, len(screen.fates) - 1
    r = len(screen.replicate_labels)
    arrays = (4 + 2 * r) * l * (d * f) ** 2 + 4 * g * d * f**2 + 4 * l * d**2 + 4 * l * d * f
    if settings.save_draws != "none":
        shown = f if settings.save_draws == "all" else 1
        arrays += settings.num_posterior_draws * (l * shown * d + g * shown)
    tables = n_contrasts * (l * d * (6 + d + 3 * r) + 6 * g * d) + 3 * l * d + 6 * l * d * (f + 1)
    return _NUMBER * arrays + _TEXT * tables

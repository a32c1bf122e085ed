"""The folder of a finished fit, whose files are read when they are asked for."""

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import ExportError, Settings
from .given import reached, working_directory

if TYPE_CHECKING:
    import pandas as pd

    from ..results import Archive


@dataclass(frozen=True, kw_only=True, eq=False)
class FitFolder:
    """A folder, the manifest of the fit in it, and the fit's settings.

    out_dir: as it was given; start: the working directory of then, from which a relative one is read.
    """

    out_dir: Path
    manifest: dict[str, Any]
    settings: Settings
    start: Path = field(default_factory=working_directory, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        """For pickle and copy: without the tables, which a copy reads anew."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @property
    def days(self) -> list[str]:
        """Labels of the days, in the order of time.

        Examples
        --------
        >>> import fatebias
        >>> fatebias.load("demo/fit").days
        ['d0', 'd1']
        """
        return list(self.manifest["days"])

    @property
    def fates(self) -> list[str]:
        """Names of the fates, the reference first.

        Examples
        --------
        >>> import fatebias
        >>> fatebias.load("demo/fit").fates
        ['EC', 'MES', 'NEU']
        """
        return list(self.manifest["fates"])

    @property
    def _folder(self) -> Path:
        """The folder, wherever the working directory is by now."""
        return reached(self.out_dir, self.start)

    @cached_property
    def _archive(self) -> "Archive":
        from ..results import read_archive

        self._confirm()
        return read_archive(self._folder)

    @cached_property
    def _made(self) -> "dict[str, pd.DataFrame]":
        return {}

    @cached_property
    def _made_of(self) -> "dict[str, dict[str, pd.DataFrame]]":
        """Effects by the words of their contrast."""
        return {}

    def _once(self, name: str, make: Callable[[], "pd.DataFrame"]) -> "pd.DataFrame":
        """A copy of the table of this name, which is made the first time."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name].copy()

    def _confirm(self) -> None:
        """Raise ExportError where the folder has another fit by now."""
        from ..results import fit_id, read_manifest

        if fit_id(read_manifest(self._folder)) != fit_id(self.manifest):
            raise ExportError(f"{self._folder} holds another fit by now. Read it with fatebias.load().")

    def _table(self, name: str) -> "pd.DataFrame":
        from ..results import read_table

        self._confirm()
        return read_table(self._folder, name)

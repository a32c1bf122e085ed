"""The folder of a finished fit, whose files are read when they are asked for."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import ExportError, Settings

if TYPE_CHECKING:
    import pandas as pd

    from ..results import Archive


@dataclass(frozen=True, kw_only=True, eq=False)
class FitFolder:
    """A folder, the manifest of the fit in it, and the fit's settings."""

    out_dir: Path
    manifest: dict[str, Any]
    settings: Settings

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

    @cached_property
    def _archive(self) -> "Archive":
        from ..results import read_archive

        self._confirm()
        return read_archive(self.out_dir)

    @cached_property
    def _made(self) -> "dict[str, pd.DataFrame]":
        return {}

    def _once(self, name: str, make: Callable[[], "pd.DataFrame"]) -> "pd.DataFrame":
        """A copy of the table of this name, which is made the first time."""
        if name not in self._made:
            self._made[name] = make()
        return self._made[name].copy()

    def _confirm(self) -> None:
        """Raise ExportError where the folder has another fit by now."""
        from ..results import fit_id, read_manifest

        if fit_id(read_manifest(self.out_dir)) != fit_id(self.manifest):
            raise ExportError(f"{self.out_dir} holds another fit by now. Read it with fatebias.load().")

    def _table(self, name: str) -> "pd.DataFrame":
        from ..results import read_table

        self._confirm()
        return read_table(self.out_dir, name)

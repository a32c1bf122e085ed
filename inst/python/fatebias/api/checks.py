"""A look at a screen before a fit."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base import ExportError, ScreenError, Settings
from .given import as_path, values_given

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, eq=False)
class Findings:
    """What was found in a screen.

    Attributes
    ----------
    ok : bool
        Would `read_screen` accept the screen and the guide map as they are?
    table : pandas.DataFrame
        One row a finding: ``item``, ``status`` (``ok``, ``warning`` or ``problem``), ``found``, ``fix`` (what to do).
    settings : dict
        Suggested settings, by name. They can be given to `read_screen` as they are.
    memory_gb : dict or None
        Memory that a fit needs, in GB, by phase and at its peak. None where the sizes are not known.

    Examples
    --------
    >>> import fatebias
    >>> files = fatebias.simulate("demo", cells=600, genes=6, guides_per_gene=3, days=2)
    >>> found = fatebias.check(files["screen"], files["guide_map"])
    >>> found  # doctest: +ELLIPSIS
    <Findings: ok, 0 problems>
    warning: Cells per guide: median 12; 20 of 34 guides in fewer than 20
    ...
    >>> list(found.table.columns)
    ['item', 'status', 'found', 'fix']
    """

    ok: bool
    table: "pd.DataFrame"
    settings: Mapping[str, Any]
    memory_gb: Mapping[str, float] | None

    def __repr__(self) -> str:
        problems = int((self.table["status"] == "problem").sum())
        head = f"<Findings: {'ok' if self.ok else 'not ok'}, {problems} problem{'' if problems == 1 else 's'}>"
        rows = self.table[["status", "item", "found", "fix"]].to_numpy().tolist()
        lines = [": ".join(row[:3]) + (f" -> {row[3]}" if row[3] else "") for row in rows if row[0] != "ok"]
        return "\n".join([head, *lines])


def check(
    path: str | Path,
    guide_map: str | Path | None = None,
    *,
    out_dir: str | Path | None = None,
    config: str | Path | None = None,
    **settings: Any,
) -> Findings:
    """Look for everything that is wrong with a screen, at once.

    Nothing is fitted, and expression is not read.

    Parameters
    ----------
    path : str or Path
        Screen file: ``.h5ad``, ``.h5mu`` or ``.zarr``.
    guide_map : str or Path, optional
        Table of guides. Left out where the screen's own file says what its guides target.
    out_dir : str or Path, optional
        Folder of the results: could a fit write there?
    config : str or Path, optional
        Configuration file (``config.yaml``) with settings; ``settings`` override it.
    **settings
        Settings, by the names of ``config.yaml``.

    Returns
    -------
    Findings
        What was found. A fault of the screen is a row of its table, not an error.

    Raises
    ------
    SettingsError
        A setting is unknown, of the wrong type or out of range.
    ScreenError, ExportError
        What is given as the screen or guide map, or as the folder, is no path.

    Examples
    --------
    >>> import fatebias
    >>> files = fatebias.simulate("demo", cells=600, genes=6, guides_per_gene=3, days=2)
    >>> fatebias.check(files["screen"], files["guide_map"]).ok
    True
    >>> found = fatebias.check(files["screen"], files["guide_map"], day_key="time")
    >>> found.ok, found.settings
    (False, {'day_key': 'day'})
    """
    import pandas as pd

    from ..preflight import check_screen

    given = Settings.from_mapping(values_given(config, settings), config)
    map_path = None if guide_map is None else as_path(guide_map, "guide_map", ScreenError)
    folder = None if out_dir is None else as_path(out_dir, "out_dir", ExportError)
    found = check_screen(as_path(path, "path", ScreenError), given, map_path, folder)
    table = pd.DataFrame(found["rows"], columns=["item", "status", "found", "fix"])
    return Findings(ok=found["ok"], table=table, settings=found["settings"], memory_gb=found["memory_gb"])

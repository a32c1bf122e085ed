"""A screen that was read and checked, ready to be fitted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..base import Progress, ScreenError, Settings, SettingsError
from .given import as_path, as_switch, values_given, working_directory


@dataclass(frozen=True, kw_only=True, eq=False)
class ScreenFile:
    """A screen in its file, read and checked.

    Attributes
    ----------
    path : Path
        The screen's file.
    guide_map : Path
        The guide map, or the screen's own file.
    settings : Settings
        All settings, as they were given or by default.
    summary : dict
        The screen in numbers: ``n_cells``, ``n_genes``, ``n_guides``, ``days``, ``fates`` (the reference first), ...
    warnings : tuple of str
        What weakens the screen.
    config : Path or None
        Configuration file that it was read with.
    given : dict
        Settings that it was read with, those of the configuration file among them; a fit has them as well.
    fingerprint : dict
        What was read, as digests, so that a file that was replaced since is noticed.
    start : Path
        Working directory when it was read; relative paths are read from there.

    Examples
    --------
    >>> import fatebias
    >>> files = fatebias.simulate("demo", cells=600, genes=6, guides_per_gene=3, days=2)
    >>> screen = fatebias.read_screen(files["screen"], files["guide_map"])
    >>> screen.summary["n_genes"], screen.summary["fates"]
    (6, ['EC', 'MES', 'NEU'])
    """

    path: Path
    guide_map: Path
    settings: Settings
    summary: Mapping[str, Any]
    warnings: tuple[str, ...]
    config: Path | None
    given: Mapping[str, Any]
    fingerprint: Mapping[str, str]
    start: Path = field(default_factory=working_directory)

    def __repr__(self) -> str:
        s = self.summary
        sizes = f"{s['n_cells']:,} cells, {s['n_genes']:,} genes, {s['n_guides']:,} guides"
        return f"<ScreenFile {self.path}: {sizes}; days {', '.join(s['days'])}; fates {', '.join(s['fates'])}>"


def read_screen(
    path: str | Path,
    guide_map: str | Path | None = None,
    *,
    config: str | Path | None = None,
    progress: bool | None = None,
    **settings: Any,
) -> ScreenFile:
    """Read and check a screen.

    Parameters
    ----------
    path : str or Path
        Screen file: ``.h5ad``, ``.h5mu`` or ``.zarr``. Cells have days and replicates, guides (cells x guides) and fate
        probabilities (cells x fates, 0 to 1, rows sum to 1).
    guide_map : str or Path, optional
        Table of guides (``guide_name``, ``gene_name``, ``is_ntc``, or another known layout). Left out where the
        screen's own file says what its guides target.
    config : str or Path, optional
        Configuration file (``config.yaml``) with settings; ``settings`` override it.
    progress : bool, optional
        Show progress bars? Default: where the output is a terminal.
    **settings
        Settings, by the names of ``config.yaml``, such as ``ref_fate="EC"``, ``contrast_fate="MES"``,
        ``day_key="day"``. The fit has them as well.

    Returns
    -------
    ScreenFile
        The screen, for `fit`.

    Raises
    ------
    SettingsError
        A setting is unknown, of the wrong type or out of range.
    ScreenError
        The file or the guide map cannot be used as it is; `check` lists all that is wrong.

    Warns
    -----
    ScreenWarning
        Something weakens the screen, such as a single replicate.

    Examples
    --------
    >>> import fatebias
    >>> files = fatebias.simulate("demo", cells=600, genes=6, guides_per_gene=3, days=2)
    >>> fatebias.read_screen(files["screen"], files["guide_map"], contrast_fate="NEU").settings.contrast_fate
    'NEU'
    """
    from ..screens import doubts_about, fingerprint, summarise_screen, warn_of
    from ..screens import read_screen as read

    path = as_path(path, "path", ScreenError)
    map_path = path if guide_map is None else as_path(guide_map, "guide_map", ScreenError)
    values, shown = values_given(config, settings), as_switch(progress, "progress", SettingsError)
    checked = Settings.from_mapping(values, config)
    screen = read(path, map_path, checked, Progress(shown))
    doubts = doubts_about(screen, checked)
    warn_of(doubts)
    return ScreenFile(
        path=path, guide_map=map_path, settings=checked, summary=summarise_screen(screen),
        warnings=tuple(map(str, doubts)), config=None if config is None else Path(config), given=values,
        fingerprint=fingerprint(screen, path, map_path),
    )  # fmt: skip

"""How a fit comes about: made from a screen, or read from its folder."""

import os
import shutil
import tempfile
import weakref
from pathlib import Path
from typing import Any

from ..base import ExportError, Settings, SettingsError
from .fitted import Fit
from .given import as_path, as_switch, reached, settings_of_fit
from .screens import ScreenFile


def fit(screen: ScreenFile, *, out_dir: str | Path | None = None, progress: bool | None = None, **settings: Any) -> Fit:
    """Fit a screen.

    Parameters
    ----------
    screen : ScreenFile
        From `read_screen`.
    out_dir : str or Path, optional
        Folder of the results; a fit there that was killed goes on from its checkpoint. Left out: a temporary folder,
        which is removed with the object (`Fit.save` keeps a copy).
    progress : bool, optional
        Show progress bars? Default: where the output is a terminal.
    **settings
        Settings, by the names of ``config.yaml``, such as ``inference="laplace"`` (seconds) or ``"svi"`` (the default),
        ``save_draws="all"``, ``seed=1``. Those of `read_screen` hold unless they are given here.

    Returns
    -------
    Fit
        The fit.

    Raises
    ------
    SettingsError
        A setting is unknown, out of range, or concerns how the screen is read.
    ScreenError
        A file of the screen was replaced since it was read, or no fit can tell its effects.
    FitError
        Inference failed.
    MemoryLimitError
        The fit needs more memory than there is.
    ExportError
        The folder cannot be written to, or another fit holds it.
    QCError
        With ``mode="simulation"``: a QC assertion is violated.

    Warns
    -----
    FitWarning
        The fit has not converged.
    QCWarning
        A QC assertion is violated.

    Examples
    --------
    >>> import fatebias
    >>> files = fatebias.simulate("demo", cells=600, genes=6, guides_per_gene=3, days=2)
    >>> screen = fatebias.read_screen(files["screen"], files["guide_map"])
    >>> fit = fatebias.fit(screen, inference="laplace", likelihood_weight=7)
    >>> fit.genes.groupby("fate").size().to_dict()
    {'MES': 12, 'NEU': 12}
    """
    from ..results import assert_qc, assess_qc, fit_screen, read_manifest

    if not isinstance(screen, ScreenFile):
        raise TypeError(f"fit() wants the screen that read_screen() returns, not {type(screen).__name__}.")
    given = settings_of_fit(screen.given, settings)
    shown = as_switch(progress, "progress", SettingsError)
    folder = Path(tempfile.mkdtemp(prefix="fatebias-")) if out_dir is None else as_path(out_dir, "out_dir", ExportError)
    try:
        fit_screen(
            reached(screen.path, screen.start), reached(screen.guide_map, screen.start), folder, given, shown,
            screen.fingerprint, contrasts=given.contrasts or (), warned=screen.warnings,
        )  # fmt: skip
        assert_qc(assess_qc(folder, given), given.mode)
    except BaseException:
        if out_dir is None:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    found = Fit(out_dir=folder, manifest=read_manifest(folder), settings=given)
    if out_dir is None:
        weakref.finalize(found, _remove_own, folder, os.getpid())
    return found


def _remove_own(folder: Path, process: int) -> None:
    """Remove a temporary folder, in the process that made it: what that has forked may end before."""
    if os.getpid() == process:
        shutil.rmtree(folder, ignore_errors=True)


def load(out_dir: str | Path) -> Fit:
    """Read a finished fit from its folder.

    Parameters
    ----------
    out_dir : str or Path
        Folder of the results of `fit`, of ``python -m fatebias fit``, or of R.

    Returns
    -------
    Fit
        The fit.

    Raises
    ------
    ExportError
        The folder is not that of a finished fit, its manifest does not follow its schema, or a file is missing, cut or
        changed (by the sizes and sha256 of the manifest).

    Examples
    --------
    >>> import fatebias
    >>> fatebias.load("demo/fit").manifest["contrast"]
    'MES'
    """
    from ..results import verify_contents

    folder = as_path(out_dir, "out_dir", ExportError)
    manifest = verify_contents(folder)
    if "format" not in manifest:
        raise ExportError(f"{folder} has a fit of an earlier version, which read_fit() in R reads. Fit again.")
    if len(set(manifest["days"])) < len(manifest["days"]):
        raise ExportError(f"{folder} has a manifest with a day twice; fit again.")
    known = Settings.from_mapping().as_dict()
    settings = {key: value for key, value in manifest["settings"].items() if key in known}
    return Fit(out_dir=folder, manifest=manifest, settings=Settings.from_mapping(settings))

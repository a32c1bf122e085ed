"""The folder of results before work starts: whatever would hinder the export in the end is found here.

And the names that fatebias writes there, which are all that it ever replaces, moves or removes.
"""

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterable
from pathlib import Path

from .constants import CONSTANTS
from .errors import ExportError
from .files import ELSEWHERE

MANIFEST, MADE_FROM, PREVIOUS = "fit_manifest.json", CONSTANTS.made_from_file, "previous"
FIT_FILES = frozenset({  # every name that a fit may write: the export contract
    MANIFEST, "gene_daywise_for_mash.csv", "guide_daywise_for_mash.csv", "gene_daywise_likelihood.csv",
    "guide_daywise_likelihood.csv", "guide_daywise_left_out.csv", "gene_daywise_by_replicate.csv",
    "gene_heterogeneity.csv", "gene_daywise_p.csv", "gene_daywise_cov.csv", "theta_posterior_summary.npz",
    "delta_posterior_summary.npz", "posterior_draws.npz", "qc_delta_mean_by_gene.csv",
    "qc_theta_beta_offset_by_gene.csv", "qc_theta_day_centering.csv", "qc_cells_by_guide.csv",
    "gene_probability_change.csv", "fate_baseline.npz", "effects_all_fates.npz",
})  # fmt: skip
LATER_FILES = frozenset({  # what R makes of a fit
    "gene_summary_mash_out.csv", "guide_summary_mash_out.csv", "hits_ranked.csv", "hits_ranked.xlsx",
    "hits_ranked.parquet", "gene_contrasts.csv", "gene_verdicts.csv", "mash_comparison.csv",
    "compared_with_previous.csv", "report.html",
})  # fmt: skip
_OF_CONTRAST = re.compile(r"([a-z_]+)\.[A-Za-z0-9._-]+\.csv")  # NAME.LABEL.csv: a table of a further contrast


_REPORT = re.compile(r"[^./\\\x00-\x1f][^/\\\x00-\x1f]*\.html")  # a report may have any name


def is_of_fit(name: str) -> bool:
    """May a fit write a file of this name: one of the contract, or the table of a further contrast?"""
    return name in FIT_FILES or is_of_contrast(name, FIT_FILES)


def is_of_later(name: str) -> bool:
    """May R write a file of this name into the folder of a fit?"""
    return name in LATER_FILES or is_of_contrast(name, LATER_FILES) or _REPORT.fullmatch(name) is not None


def is_of_contrast(name: str, files: Iterable[str] = FIT_FILES) -> bool:
    """Is it the name of one of these tables with the label of a further contrast?"""
    found = _OF_CONTRAST.fullmatch(name)
    return found is not None and f"{found[1]}.csv" in files


def prepare_out_dir(out_dir: str | Path) -> Path:
    """The results folder, made and found writable before any work; raises ExportError."""
    examine_out_dir(out_dir)
    out_dir = Path(out_dir)
    try:
        out_dir.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out_dir):
            pass
    except OSError as error:
        raise _refusal(out_dir, str(error)) from error
    return out_dir


def examine_out_dir(out_dir: str | Path, names: Iterable[str] = FIT_FILES) -> None:
    """Raise ExportError where files of these names could not be written to a folder; nothing is made or changed.

    names: those that are there are to be replaced.
    """
    if not str(out_dir):
        raise ExportError("`out_dir` is empty. Name the folder of the results; . is this one.")
    if "\0" in str(out_dir):
        raise ExportError("Cannot write to `out_dir`: its name has a NUL.")
    out_dir = Path(out_dir)
    try:
        if os.path.lexists(out_dir):
            _examine_there(out_dir, names)
        else:
            _examine_above(out_dir)
    except OSError as error:
        raise _refusal(out_dir, str(error)) from error


def refuse_full_disk(out_dir: Path, needed: int) -> None:
    """Raise ExportError where a folder's disk has not so many bytes left. Quotas are not seen."""
    free = shutil.disk_usage(out_dir).free
    if free < needed:
        raise ExportError(
            f"The results need about {_megabytes(needed)}, and the disk of `out_dir` {out_dir} has "
            f"{_megabytes(free)} left. Make room, or choose another folder."
        )


def _examine_there(out_dir: Path, names: Iterable[str]) -> None:
    if not out_dir.exists():
        raise _refusal(out_dir, "it is a link that leads nowhere")
    if not out_dir.is_dir():
        raise _refusal(out_dir, "it is a file, no folder")
    if not os.access(out_dir, os.W_OK | os.X_OK):
        raise _refusal(out_dir, "you may not write there")
    there = [out_dir / name for name in sorted(names) if os.path.lexists(out_dir / name)]
    for path in there:
        if path.is_dir() and not path.is_symlink():
            raise ExportError(
                f"{path} is a folder, where a file of the results belongs. Rename it, or choose another `out_dir`."
            )
        if _is_kept_by_other(path):
            raise ExportError(
                f"{path} belongs to another user, and in this folder only its owner may replace it. Choose another "
                "`out_dir`."
            )
    previous = out_dir / PREVIOUS
    odd = previous.is_symlink() or (previous.exists() and not previous.is_dir())
    if (out_dir / MADE_FROM).exists() and (odd or (previous.exists() and not os.access(previous, os.W_OK | os.X_OK))):
        raise ExportError(
            f"{previous} is no folder that can be written to, and what was made from the fit before may have to be "
            "moved there. Rename it, or choose another `out_dir`."
        )


def _examine_above(out_dir: Path) -> None:
    """The same where the folder is to be made: what is above it."""
    above = next(folder for folder in out_dir.absolute().parents if os.path.lexists(folder))
    if not above.is_dir():
        raise _refusal(out_dir, f"{above} is no folder")
    if not os.access(above, os.W_OK | os.X_OK):
        raise _refusal(out_dir, f"you may not make it in {above}")
    longest = max(map(len, map(os.fsencode, out_dir.parts)))
    if longest > os.pathconf(above, "PC_NAME_MAX"):
        raise _refusal(out_dir, "the name is too long")


def _is_kept_by_other(path: Path) -> bool:
    """Does a folder, by its sticky bit as /tmp, keep a file for its owner?"""
    folder, user = path.parent.stat(), getattr(os, "geteuid", lambda: 0)()
    return bool(folder.st_mode & stat.S_ISVTX) and user not in (0, folder.st_uid, path.lstat().st_uid)


def _refusal(out_dir: Path, reason: str) -> ExportError:
    return ExportError(f"Cannot write to `out_dir` {out_dir}: {reason}. {ELSEWHERE}")


def _megabytes(number: float) -> str:
    return f"{number / 1e9:.3g} GB" if number >= 1e9 else f"{number / 1e6:.3g} MB"

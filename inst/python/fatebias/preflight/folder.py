"""Can the folder of results be written to? Looked at as a fit does before its work; nothing is made."""

from pathlib import Path

from ..base import ExportError, examine_out_dir
from .findings import Report

ITEM = "Results folder"


def check_folder(report: Report, out_dir: str | Path) -> None:
    """Report whether a fit could write to a folder, or what is in its way."""
    try:
        examine_out_dir(out_dir)
    except ExportError as error:
        report.problem(ITEM, str(error))
    else:
        report.ok(ITEM, f"{out_dir} can be written to")

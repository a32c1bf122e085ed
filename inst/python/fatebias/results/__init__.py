"""From a screen file to a folder of results: engines, tables, files, manifest, QC.

What a user gets is made here: `fit_screen` is the order of steps, the names of files and columns are those of the
export contract. Files appear all at once or not at all, and the manifest says what they were made from, by which
settings, and how it went; a certificate finds out from it whether it may start where the fit stands (`read_baseline`).
"""

from .annotate import annotate_screen
from .archive import Archive, read_archive, read_baseline
from .contrasts import contrast_tables, write_contrast
from .engines import choose_device, device_limit
from .files import read_table
from .fit import fit_screen
from .key import refit_key
from .manifest import fit_id, read_manifest, verify_contents
from .qc import assert_qc, assess_qc
from .ranking import read_ranking
from .tables import daywise_table

__all__ = [
    "Archive",
    "annotate_screen",
    "assert_qc",
    "assess_qc",
    "choose_device",
    "contrast_tables",
    "daywise_table",
    "device_limit",
    "fit_id",
    "fit_screen",
    "read_archive",
    "read_baseline",
    "read_manifest",
    "read_ranking",
    "read_table",
    "refit_key",
    "verify_contents",
    "write_contrast",
]

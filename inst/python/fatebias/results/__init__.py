"""From a screen file to a folder of results: engines, tables, files, manifest, QC.

`fit_screen` is the order of steps; the names of files and columns are those of the export contract.
"""

from .engines import choose_device
from .fit import fit_screen
from .key import fit_key
from .manifest import MANIFEST, read_manifest
from .qc import assert_qc, assess_qc
from .tables import daywise_table

__all__ = [
    "MANIFEST",
    "assert_qc",
    "assess_qc",
    "choose_device",
    "daywise_table",
    "fit_key",
    "fit_screen",
    "read_manifest",
]

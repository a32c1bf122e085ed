"""What every other wing stands on: errors, settings, progress, checkpoints, files.

So that every part refuses in the same words, reads the same settings, shows its progress, can be killed and go on,
and leaves whole files or none. Nothing here knows what a screen or a model is, and nothing heavy (torch, pandas) is
imported before it is needed: `python -m fatebias --version` answers at once.
"""

from .checkpoint import open_checkpoint
from .constants import CONSTANTS
from .environment import describe_environment, package_versions
from .errors import (
    ExportError,
    FatebiasError,
    FatebiasWarning,
    FitError,
    FitWarning,
    QCError,
    QCWarning,
    ScreenError,
    ScreenWarning,
    SettingsError,
    SimulationError,
)
from .files import (
    PACKAGE,
    day_columns,
    digest_of,
    disk_words,
    file_digest,
    files_of,
    prepare_out_dir,
    refuse_unwritable,
    regular_bytes,
    remove_parts,
    source_files,
    whole_file,
    whole_folder,
    writing,
)
from .interrupts import Stopped, heed_stops, import_whole, run_whole, stop_at_save
from .json_plain import plain
from .progress import SILENT, Progress, share_of_way, unheard
from .rows import SHOWN, first_few, named_rows, row_word, rows_from
from .run import QUIET, Run
from .settings import Settings, parse_assignment
from .stopwatch import Stopwatch

__all__ = [
    "SHOWN",
    "CONSTANTS",
    "ExportError",
    "FatebiasError",
    "FatebiasWarning",
    "FitError",
    "FitWarning",
    "PACKAGE",
    "Progress",
    "QCError",
    "QCWarning",
    "QUIET",
    "Run",
    "SILENT",
    "ScreenError",
    "ScreenWarning",
    "Settings",
    "SettingsError",
    "SimulationError",
    "Stopped",
    "Stopwatch",
    "day_columns",
    "describe_environment",
    "digest_of",
    "disk_words",
    "file_digest",
    "files_of",
    "heed_stops",
    "import_whole",
    "first_few",
    "named_rows",
    "open_checkpoint",
    "package_versions",
    "parse_assignment",
    "plain",
    "prepare_out_dir",
    "refuse_unwritable",
    "remove_parts",
    "regular_bytes",
    "row_word",
    "rows_from",
    "run_whole",
    "share_of_way",
    "source_files",
    "stop_at_save",
    "unheard",
    "whole_file",
    "whole_folder",
    "writing",
]

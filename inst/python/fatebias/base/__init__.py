"""What every other wing stands on: errors, settings, progress, checkpoints, files.

So that every part refuses in the same words, reads the same settings, shows its progress, can be killed and go on,
and leaves whole files or none. Nothing here knows what a screen or a model is, and nothing heavy (torch, pandas) is
imported before it is needed: `python -m fatebias --version` answers at once.
"""

from .checkpoint import open_checkpoint
from .console import plain_stdout, say, tell
from .constants import CONSTANTS
from .environment import count_gpus, describe_environment, package_versions, refuse_threads, threads_fault
from .errors import (
    ExportError,
    ExportWarning,
    FatebiasError,
    FatebiasWarning,
    FitError,
    FitWarning,
    MemoryLimitError,
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
    file_digest,
    files_of,
    regular_bytes,
    source_files,
    whole_file,
    whole_folder,
)
from .interrupts import import_whole, run_whole
from .json_plain import plain
from .lock import LOCK, FolderLock, folder_lock
from .memory import (
    MemoryLimit,
    gigabytes,
    is_far_beyond,
    is_near,
    lacks_memory,
    memory_limit,
    memory_words,
    refuse_memory,
    telling_memory,
    without_memory,
)
from .out_dir import (
    FIT_FILES,
    LATER_FILES,
    MADE_FROM,
    MANIFEST,
    PREVIOUS,
    examine_out_dir,
    is_of_contrast,
    is_of_fit,
    is_of_later,
    prepare_out_dir,
    refuse_full_disk,
)
from .progress import SILENT, Progress, share_of_way, unheard
from .rows import SHOWN, first_few, named_rows, row_word, rows_from, short
from .run import QUIET, Run
from .settings import Settings, parse_assignment
from .stopwatch import Stopwatch

__all__ = [
    "SHOWN",
    "CONSTANTS",
    "ExportError",
    "ExportWarning",
    "FIT_FILES",
    "FatebiasError",
    "FatebiasWarning",
    "FitError",
    "FitWarning",
    "MemoryLimit",
    "MemoryLimitError",
    "FolderLock",
    "LATER_FILES",
    "LOCK",
    "MADE_FROM",
    "MANIFEST",
    "PACKAGE",
    "PREVIOUS",
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
    "Stopwatch",
    "count_gpus",
    "day_columns",
    "describe_environment",
    "digest_of",
    "examine_out_dir",
    "file_digest",
    "files_of",
    "gigabytes",
    "import_whole",
    "is_far_beyond",
    "is_near",
    "lacks_memory",
    "memory_limit",
    "memory_words",
    "first_few",
    "folder_lock",
    "import_whole",
    "is_of_contrast",
    "is_of_fit",
    "is_of_later",
    "named_rows",
    "open_checkpoint",
    "package_versions",
    "parse_assignment",
    "plain",
    "plain_stdout",
    "prepare_out_dir",
    "refuse_memory",
    "refuse_threads",
    "refuse_full_disk",
    "regular_bytes",
    "row_word",
    "rows_from",
    "run_whole",
    "say",
    "share_of_way",
    "short",
    "source_files",
    "tell",
    "telling_memory",
    "threads_fault",
    "unheard",
    "whole_file",
    "whole_folder",
    "without_memory",
]

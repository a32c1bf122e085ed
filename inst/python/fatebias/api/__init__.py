"""What Python users call: a screen, its fit, and the fit's results as DataFrames and xarray.

`import fatebias` offers these names and imports them when they are first asked for, so that it stays quick. Ranking by
mash is R's work; `Fit.hits` says how to call it.
"""

from ..base import (
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
from .checks import Findings, check
from .fits import fit, load
from .fitted import Fit
from .screens import ScreenFile, read_screen
from .simulations import simulate

__all__ = [
    "ExportError",
    "ExportWarning",
    "FatebiasError",
    "FatebiasWarning",
    "Findings",
    "Fit",
    "FitError",
    "FitWarning",
    "MemoryLimitError",
    "QCError",
    "QCWarning",
    "ScreenError",
    "ScreenFile",
    "ScreenWarning",
    "SettingsError",
    "SimulationError",
    "check",
    "fit",
    "load",
    "read_screen",
    "simulate",
]

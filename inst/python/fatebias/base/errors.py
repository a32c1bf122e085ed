"""Errors and warnings of fatebias.

    FatebiasError(Exception)
    +-- SettingsError       a setting is unknown, of the wrong type or out of range
    +-- ScreenError         the screen file or the guide map cannot be used as it is
    +-- FitError            inference did not reach a usable posterior
    +-- QCError             a QC assertion is violated (simulation mode)
    +-- ExportError         results cannot be written or read
    +-- SimulationError     a simulation was asked for that cannot be made
    +-- MemoryLimitError    work needs more memory than there is
    FatebiasWarning(UserWarning)
    +-- ScreenWarning       a screen is usable, but something of it should be known: few cells match, one replicate, ..
    +-- QCWarning           a QC assertion is violated (real data)
    +-- FitWarning          the fit is usable, but not what was asked for, or its checkpoint is not
    +-- ExportWarning       something in the folder of results is not as a fit leaves it

`kind` is the last word of the R class with which the R package raises the same condition again:
`fatebias_error_<kind>` or `fatebias_warning_<kind>`.
"""


class FatebiasError(Exception):
    """Root of all errors that fatebias raises on purpose; the message says where and what to do."""

    kind = "python"


class SettingsError(FatebiasError):
    """Raised when settings are built from an unknown key, a wrong type or a value out of range."""

    kind = "settings"


class ScreenError(FatebiasError):
    """Raised before any fitting when a screen file, its keys or its guide map cannot be used."""

    kind = "screen"


class FitError(FatebiasError):
    """Raised when inference fails (a loss that is not finite, a device that is not there)."""

    kind = "fit"


class QCError(FatebiasError):
    """Raised in simulation mode when a QC assertion is violated."""

    kind = "qc"


class ExportError(FatebiasError):
    """Raised when results cannot be written to, or read from, a folder."""

    kind = "export"


class SimulationError(FatebiasError):
    """Raised when the arguments of a simulation contradict each other or are out of range."""

    kind = "simulation"


class MemoryLimitError(FatebiasError):
    """Raised before work that needs far more memory than there is, and where memory ran out."""

    kind = "memory"


class FatebiasWarning(UserWarning):
    """Root of all warnings of fatebias."""

    kind = "python"


class ScreenWarning(FatebiasWarning):
    """Given when only a minority of cells could be matched between the parts of a screen, and for all that weakens
    a screen that is read or fitted (one replicate, many cells left out, an order of days or fates to look at).
    """

    kind = "screen"


class QCWarning(FatebiasWarning):
    """Given on real data when a QC assertion is violated."""

    kind = "qc"


class FitWarning(FatebiasWarning):
    """Given when a fit has not met its convergence rule, when its weight is far from what the labels call for, or
    when its checkpoint cannot be used or written.
    """

    kind = "fit"


class ExportWarning(FatebiasWarning):
    """Given where a folder of results is not as a fit leaves it: the lock of one that was killed, a damaged manifest, a
    report of an earlier version.
    """

    kind = "export"

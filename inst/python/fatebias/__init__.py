"""fatebias: which gene knock-downs bias cell fate, on which day, and how sure we are.

Functions: `read_screen`, `check`, `fit`, `load`, `simulate`. Ranking by mash is R's; `Fit.hits` says how to call it.

Inside, wings (sub-packages) import from the faces of wings below them only; the contracts of the project file have the
order.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .api import (
        ExportError,
        ExportWarning,
        FatebiasError,
        FatebiasWarning,
        Findings,
        Fit,
        FitError,
        FitWarning,
        MemoryLimitError,
        QCError,
        QCWarning,
        ScreenError,
        ScreenFile,
        ScreenWarning,
        SettingsError,
        SimulationError,
        check,
        fit,
        load,
        read_screen,
        simulate,
    )

# torch's threads otherwise spin while they wait: ten times slower as soon as another job shares the cores
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
# torch's tensors in pages of 2 MB: a tenth of a fit's time went into asking for pages of 4 kB
os.environ.setdefault("THP_MEM_ALLOC_ENABLE", "1")

__version__ = "0.1.0"

# what `api` offers: imported when it is first asked for, so that `import fatebias` stays quick
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


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(".api", __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])

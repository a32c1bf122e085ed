"""The one door through which R calls Python.

R passes JSON (and matrices by name), and gets one JSON text back: a value, or an error, and the
warnings of fatebias. So no Python object and no Python exception ever reaches R's side, and R
raises errors and warnings again with the class that `kind` names.
"""

import importlib
import json
import os
import sys
import traceback
import warnings
from pathlib import Path
from typing import Any

from .base import (
    FatebiasError,
    FatebiasWarning,
    MemoryLimitError,
    Settings,
    Stopped,
    heed_stops,
    import_whole,
    lacks_memory,
    plain,
    rows_from,
    say,
    without_memory,
)
from .r_api import FUNCTIONS

FIRST_ROW = 1  # as users of R count
WITHOUT_TORCH = ("preflight", "screens")  # wings that need no torch, whose import takes seconds


def call(name: str, arguments: str, objects: dict[str, Any] | None = None) -> str:
    """Call the function `name` of `r_api` with the keyword arguments of a JSON object.

    An argument named `settings` becomes a Settings object. objects: further arguments by name that
    are no JSON (a sparse matrix, an array).
    Returns JSON: {"value": .., "error": null or {"kind", "message", "trace"},
    "warnings": [{"kind", "message"}]}. The signals SIGTERM and SIGUSR1 are an error too, of kind "stopped" and with
    an "exit_code"; R's own handlers are back when the call ends.
    """
    value: Any = None
    error: dict[str, Any] | None = None
    with warnings.catch_warnings(record=True) as caught, rows_from(FIRST_ROW):
        warnings.simplefilter("always", FatebiasWarning)
        try:
            with heed_stops():
                function, wing = FUNCTIONS[name]
                import_whole(f"{__package__}.{wing}", _nothing if wing in WITHOUT_TORCH else _isolate_torch)
                value = function(**_arguments(arguments), **(objects or {}))
        except Stopped as stopped:
            error = {"kind": stopped.kind, "message": str(stopped), "trace": "", "exit_code": stopped.exit_code}
        except Exception as raised:  # noqa: BLE001  (every error is handed on to R, with its trace)
            error = _report(raised)
    found = []
    for entry in caught:
        if issubclass(entry.category, FatebiasWarning):
            found.append({"kind": entry.category.kind, "message": str(entry.message)})
        else:
            say(warnings.formatwarning(entry.message, entry.category, entry.filename, entry.lineno).rstrip())
    return json.dumps(plain({"value": value, "error": error, "warnings": found}), allow_nan=False)


def _arguments(text: str) -> dict[str, Any]:
    arguments = json.loads(text) or {}
    if "settings" in arguments:
        arguments["settings"] = Settings.from_mapping(arguments["settings"])
    return arguments


def _nothing() -> None:
    pass


def _isolate_torch() -> None:
    """Import torch such that it finds its own BLAS.

    Inside R's process the symbols of R's BLAS would otherwise capture those of torch, which makes
    products 20 times slower. Only the first import of torch matters.
    """
    if "torch" in sys.modules:
        return
    if not hasattr(os, "RTLD_DEEPBIND"):  # not on macOS and Windows, nor is it needed there
        importlib.import_module("torch")
        return
    flags, spin = sys.getdlopenflags(), _threads_spin()
    sys.setdlopenflags(flags | os.RTLD_DEEPBIND)
    try:
        torch = importlib.import_module("torch")
    finally:
        sys.setdlopenflags(flags)
    if spin and "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(max(1, torch.get_num_threads() - 1))


def _threads_spin() -> bool:
    """Whether torch's threads will spin while they wait, at many times the cost as soon as another job takes a core.

    OMP_WAIT_POLICY forbids it, which this package sets; but it is read once, when the threads' library (libgomp) is
    loaded, and R's packages may have loaded it before. A core is then left to others.
    """
    try:
        loaded = Path("/proc/self/maps").read_text(encoding="utf-8", errors="replace")
        at_start = Path("/proc/self/environ").read_bytes().split(b"\0")
    except OSError:  # not on Linux
        return False
    return "/libgomp" in loaded and not any(one.startswith(b"OMP_WAIT_POLICY=") for one in at_start)


def _report(error: Exception) -> dict[str, str]:
    trace = "".join(traceback.format_exception(error))
    if isinstance(error, FatebiasError):
        return {"kind": error.kind, "message": str(error), "trace": trace}
    if lacks_memory(error):
        return {"kind": MemoryLimitError.kind, "message": without_memory(error), "trace": trace}
    if isinstance(error, ModuleNotFoundError):
        return {"kind": "environment", "message": f"Python has no module {error.name}.", "trace": trace}
    last = traceback.extract_tb(error.__traceback__)[-1]
    where = f"{os.path.basename(last.filename)}, line {last.lineno}, in {last.name}"
    return {
        "kind": "python",
        "message": f"{type(error).__name__}: {error}\nRaised in {where}.",
        "trace": trace,
    }

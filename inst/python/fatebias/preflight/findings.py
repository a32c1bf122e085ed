"""What a preflight found: rows of a table, and the settings that would mend some of them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..base import (
    FatebiasError,
    Settings,
    first_few,
    gigabytes,
    gpu_memory,
    is_far_beyond,
    memory_limit,
    memory_words,
)
from ..containers import ScreenSource
from ..screens import Doubt, Reader
from .lookalikes import Lookalike
from .memory import FitMemory, doubt_memory

OK, WARNING, PROBLEM = "ok", "warning", "problem"
KEYS = {  # where the entry of a key stands, and the item under which it is reported
    "fate_prob_key": ("obsm", "Fate probabilities"),
    "guide_key": ("obsm", "Guides"),
    "guide_names_key": ("uns", "Guides"),
    "day_key": ("obs", "Days"),
}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One row: what was looked at, how it stands (OK, WARNING, PROBLEM), what was found, what to do.

    by_setting: a problem that the suggested settings mend, so that what follows can be looked at.
    """

    item: str
    status: str
    found: str
    fix: str = ""
    by_setting: bool = False


class Report:
    """Collects findings. settings: those given, with what was suggested so far; suggested: by key."""

    def __init__(self, settings: Settings, where: str):
        self.settings, self._where = settings, where
        self.suggested: dict[str, Any] = {}
        self.findings: list[Finding] = []
        self.needs: FitMemory | None = None

    def ok(self, item: str, found: str) -> None:
        self.findings.append(Finding(item=item, status=OK, found=found))

    def warn(self, item: str, found: str, fix: str = "") -> None:
        self.findings.append(Finding(item=item, status=WARNING, found=found, fix=fix))

    def doubt(self, one: Doubt) -> None:
        """A warning that reading and fitting the screen repeat."""
        self.warn(one.item, one.found, one.fix)

    def problem(self, item: str, found: str, fix: str = "") -> None:
        self.findings.append(Finding(item=item, status=PROBLEM, found=found, fix=fix))

    def suggest(self, item: str, found: str, fix: str, **settings: Any) -> None:
        """A problem that other settings mend; what follows is looked at as if they were set."""
        self.findings.append(Finding(item=item, status=PROBLEM, found=found, fix=fix, by_setting=True))
        self.settings = Settings.from_mapping(self.settings.as_dict() | settings)  # a block of keys is no field
        self.suggested |= settings

    @contextmanager
    def refusals(self, item: str) -> Iterator[None]:
        """What cannot be read within the `with` block becomes a problem."""
        try:
            yield
        except FatebiasError as error:
            self.problem(item, str(error).removeprefix(f"{self._where}: "))
        except Exception as error:  # noqa: BLE001  (whatever an odd file makes its reader raise is a finding)
            self.problem(item, f"cannot be read ({type(error).__name__}: {error})", "is it what the key promises?")

    @property
    def ready(self) -> bool:
        """Nothing is wrong that the suggested settings would not mend."""
        return not any(one.status == PROBLEM and not one.by_setting for one in self.findings)

    def memory(self, needs: FitMemory) -> None:
        """How much memory a fit takes: a problem where a fit would refuse it, a warning where it is near the limit."""
        self.needs, host = needs, memory_limit()
        gpu = gpu_memory() if self.settings.device != "cpu" else None
        item, parts = "Memory", needs.beside(host, gpu)
        far = [(part, limit) for part, limit in parts if limit is not None and is_far_beyond(part.peak, limit)]
        for part, limit in far:
            self.problem(item, f"a fit needs {memory_words(part.peak, limit)}", part.lower)
        if far:
            return
        if doubt := doubt_memory(needs, host, gpu):
            self.doubt(doubt)
        else:
            sizes = [gigabytes(part.peak) for part, _ in parts]
            self.ok(item, f"a fit needs about {' and, of the GPU, '.join(sizes)}")

    def as_dict(self) -> dict[str, Any]:
        """Rows (item, status, found, fix), suggested settings, ok: no problem at all; and memory_gb of a fit, by phase
        and at its peak, None where the sizes are not known.
        """
        rows = [{key: getattr(one, key) for key in ("item", "status", "found", "fix")} for one in self.findings]
        suggested = {key: list(value) if isinstance(value, tuple) else value for key, value in self.suggested.items()}
        found = {"rows": rows, "settings": suggested, "ok": all(one.status != PROBLEM for one in self.findings)}
        return found | {"memory_gb": None if self.needs is None else self.needs.in_gb()}


def find_key(
    report: Report, source: ScreenSource, setting: str, find_alike: Callable[[], list[Lookalike]], otherwise: str
) -> bool:
    """Is the key there? Else report what looks like it, and go on with the likeliest.

    find_alike: finds that, and is called only where the key is not there. otherwise: what to do where nothing is alike.
    """
    group, item = KEYS[setting]
    key = getattr(report.settings, setting)
    if source.element(group, key) is not None:
        return True
    alike = find_alike()
    found = f"no {group}['{key}']; {group} has: {first_few(source.names(group)) or 'nothing'}"
    if not alike:
        report.problem(item, found, otherwise)
        return False
    others = [f"or {setting}: {one.key} ({one.why})" for one in alike[1:3]]
    fix = "; ".join([f"set {setting}: {alike[0].key} ({alike[0].why})", *others])
    report.suggest(item, found, fix, **{setting: alike[0].key})
    return True


def cells_named(reader: Reader, bad: np.ndarray) -> str:
    """How many cells, and the first of them by row and name."""
    n = int(bad.sum())
    return f"{n:,} cell{'' if n == 1 else 's'} ({reader.cell_names(np.flatnonzero(bad))})"

"""What a simulation is asked for: presets of benchmark screens, and arguments that override them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..base import SimulationError

LABELS = ("dirichlet", "onehot", "logitnormal", "smoothed")
EFFECTS = ("sparse", "sparse_normal", "random_walk", "none")
PRESETS: dict[str, dict[str, Any]] = {
    "weak": {"cells": 6_000, "genes": 100, "guides_per_gene": 6, "ntc": 20, "moi": 5.0, "concentration": 6.0},
    "strong": {"cells": 25_000, "genes": 100, "guides_per_gene": 6, "ntc": 20, "moi": 4.0, "concentration": 50.0},
    "real": {"cells": 100_000, "library": "real", "moi": 6.0, "concentration": 20.0},
    "real500k": {"cells": 500_000, "library": "real", "moi": 6.0, "concentration": 20.0},
    "genome": {"cells": 500_000, "genes": 18_000, "guides_per_gene": 4, "ntc": 500, "moi": 6.0, "concentration": 50.0},
}
# name: (type, choices, help); None where a preset decides
ARGUMENTS: dict[str, tuple[type, tuple[str, ...] | None, str]] = {
    "preset": (str, tuple(PRESETS), "benchmark screen that sets all sizes (default weak)"),
    "seed": (int, None, "seed (default 1)"),
    "cells": (int, None, "cells"),
    "genes": (int, None, "genes; with a library, its first genes"),
    "guides_per_gene": (int, None, "guides a gene; two genes get one guide (synthetic library only)"),
    "ntc": (int, None, "control guides (synthetic library only)"),
    "moi": (float, None, "mean of the Poisson number of guides a cell"),
    "days": (int, None, "days (default 4)"),
    "replicates": (int, None, "replicates (default 2)"),
    "fates": (int, None, "fates, the reference counted (default 3)"),
    "concentration": (float, None, "Dirichlet concentration of the labels"),
    "labels": (str, LABELS, "kind of labels (default dirichlet)"),
    "effects": (str, EFFECTS, "kind of gene effects (default sparse)"),
    "library": (str, None, "'synthetic', 'real' (the library that fatebias ships), or a guide map's path"),
}


@dataclass(frozen=True, kw_only=True)
class Arguments:
    """Arguments of a simulation, preset applied; refuses what cannot be simulated."""

    preset: str = "weak"
    seed: int = 1
    cells: int = 6_000
    genes: int | None = None
    guides_per_gene: int = 6
    ntc: int = 20
    moi: float = 5.0
    days: int = 4
    replicates: int = 2
    fates: int = 3
    concentration: float = 6.0
    labels: str = "dirichlet"
    effects: str = "sparse"
    library: str = "synthetic"

    @classmethod
    def from_mapping(cls, given: Mapping[str, Any]) -> "Arguments":
        """Preset, overridden by what is given; raises SimulationError."""
        unknown = [name for name in given if name not in ARGUMENTS]
        if unknown:
            raise SimulationError(
                f"Not an argument of a simulation: {', '.join(unknown)}. There are {', '.join(ARGUMENTS)}."
            )
        given = {name: value for name, value in given.items() if value is not None}
        preset = given.get("preset", "weak")
        _refuse(preset not in PRESETS, f"preset must be one of {', '.join(PRESETS)}, not {preset!r}")
        try:
            values = {name: ARGUMENTS[name][0](value) for name, value in given.items()}
        except (TypeError, ValueError) as error:
            raise SimulationError(f"An argument of the simulation has the wrong type: {error}.") from error
        return cls(**PRESETS[preset] | values)

    def __post_init__(self) -> None:
        _refuse(self.labels not in LABELS, f"labels must be one of {', '.join(LABELS)}")
        _refuse(self.effects not in EFFECTS, f"effects must be one of {', '.join(EFFECTS)}")
        least = {
            "cells": 1,
            "genes": 1,
            "guides_per_gene": 1,
            "ntc": 1,
            "days": 2,
            "replicates": 1,
            "fates": 2,
            "seed": 0,
        }
        for name, low in least.items():
            value = getattr(self, name)
            _refuse(value is not None and value < low, f"{name} must be at least {low}, not {value}")
        _refuse(self.moi <= 0 or self.concentration <= 0, "moi and concentration must be above 0")
        _refuse(self.library == "synthetic" and self.genes is None, "a synthetic library needs a number of genes")


def _refuse(bad: bool, what: str) -> None:
    if bad:
        raise SimulationError(f"Cannot simulate: {what}.")

"""What a simulation is asked for: presets of benchmark screens, and arguments that override them."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from ..base import SimulationError

LABELS = ("dirichlet", "onehot", "logitnormal", "smoothed")
EFFECTS = ("sparse", "sparse_normal", "single", "random_walk", "none")
PRESETS: dict[str, dict[str, Any]] = {
    "weak": {"cells": 6_000, "genes": 100, "guides_per_gene": 6, "ntc": 20, "moi": 5.0, "concentration": 6.0},
    "strong": {"cells": 25_000, "genes": 100, "guides_per_gene": 6, "ntc": 20, "moi": 4.0, "concentration": 50.0},
    "real": {"cells": 100_000, "library": "real", "moi": 6.0, "concentration": 20.0},
    "real500k": {"cells": 500_000, "library": "real", "moi": 6.0, "concentration": 20.0},
    "genome": {"cells": 500_000, "genes": 18_000, "guides_per_gene": 4, "ntc": 500, "moi": 6.0, "concentration": 50.0},
}
PRESETS["life"] = {
    "cells": 8_000, "genes": 100, "guides_per_gene": 5, "ntc": 20, "moi": 5.0,
    "guide_sd": 0.1, "off_target": 0.05, "sample_sd": 0.1, "replicate_sd": 0.08, "burden_day_sd": 0.04,
    "day_dispersion": (40.0, 20.0, 12.0, 8.0),
}  # fmt: skip
PRESETS["life_none"] = PRESETS["life"] | {"effects": "none"}
FLAT_CONCENTRATION = 100.0  # of a day of nearly flat labels: 5 guides a cell move their largest to .46
CLONE_SD = 0.5
MOST = 2**31 - 1  # of whole numbers, as in R
MOST_GUIDES = 10_000  # that a cell carries on average
MOST_RARE = 30  # fates with `rare`: all but one have 3 % at most, so the common one has 13 % at least
MOST_FATES = 1000
FATES = ("EC", "MES", "NEU")  # names as by default of the settings, so that they fit without being told


def whole_number(value: Any) -> int:
    """A whole number, as such or as a text of digits."""
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError(f"{value!r} is no whole number")
    return int(value)


def numbers(value: Any) -> tuple[float, ...]:
    """Numbers from "40,20,12,8", from one number or from a list of them."""
    if isinstance(value, str):
        value = value.split(",")
    return tuple(float(one) for one in value) if isinstance(value, (list, tuple)) else (float(value),)


def words(value: Any) -> tuple[str, ...]:
    """Words from "A,B,C" or from a list of them."""
    if isinstance(value, str):
        value = value.split(",")
    return tuple(str(one).strip() for one in value)


def switch(value: Any) -> bool:
    """True or false, as such or as that word."""
    words = {"true": True, "false": False}
    if str(value).lower() not in words:
        raise ValueError(f"{value!r} is neither true nor false")
    return words[str(value).lower()]


# name: (type, choices, help); None where a preset decides
_SCREEN: dict[str, tuple[Callable[[Any], Any], tuple[str, ...] | None, str]] = {
    "preset": (str, tuple(PRESETS), "benchmark screen that sets all sizes (default weak)"),
    "seed": (whole_number, None, "seed (default 1)"),
    "cells": (whole_number, None, "cells"),
    "genes": (whole_number, None, "genes; with a library, its first genes"),
    "guides_per_gene": (whole_number, None, "guides a gene; two genes get one guide (synthetic library only)"),
    "ntc": (whole_number, None, "control guides (synthetic library only)"),
    "moi": (float, None, "mean of the Poisson number of guides a cell"),
    "days": (whole_number, None, "days, from 1 (default 4)"),
    "replicates": (whole_number, None, "replicates (default 2)"),
    "fates": (whole_number, None, "fates or other components, the reference counted (default 3)"),
    "fate_names": (words, None, f"their names, the reference first (default {', '.join(FATES)}, FATE4, ..)"),
    "concentration": (float, None, "Dirichlet concentration of the labels"),
    "labels": (str, LABELS, "kind of labels (default dirichlet)"),
    "effects": (str, EFFECTS, "kind of gene effects (default sparse)"),
    "library": (str, None, "'synthetic', 'real' (the library that fatebias ships), or a guide map's path"),
}
# what screens of life have besides: absent unless given (see `life`)
LIFE: dict[str, tuple[Callable[[Any], Any], tuple[str, ...] | None, str]] = {
    "guide_sd": (float, None, "SD of guides around their gene, not centred within it (default .2, centred)"),
    "off_target": (float, None, "share of genes in which one guide has an effect of its own"),
    "dead": (float, None, "share of guides without an effect on their gene"),
    "clones": (numbers, None, "cells a clone: their mean, or 'least,most' (default 0: no clones)"),
    "clone_sd": (float, None, f"SD of clones on the logits (default {CLONE_SD})"),
    "sample_sd": (float, None, "SD of the intercepts by day and replicate"),
    "replicate_sd": (float, None, "SD of a gene's effect between replicates, by day"),
    "burden_day_sd": (float, None, "SD of the burden slope between days"),
    "day_dispersion": (numbers, None, "Dirichlet concentration of each day's labels, as in '40,20,12,8'"),
    "rare": (switch, None, "true: all fates but the contrast's are rare (.3 to 3 %%)"),
    "day0_flat": (switch, None, "true: labels of the first day are nearly flat"),
}
ARGUMENTS = _SCREEN | LIFE


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
    fate_names: tuple[str, ...] = ()
    concentration: float = 6.0
    labels: str = "dirichlet"
    effects: str = "sparse"
    library: str = "synthetic"
    guide_sd: float | None = None
    off_target: float = 0.0
    dead: float = 0.0
    clones: tuple[float, ...] = (0.0,)
    clone_sd: float | None = None
    sample_sd: float = 0.0
    replicate_sd: float = 0.0
    burden_day_sd: float = 0.0
    day_dispersion: tuple[float, ...] = ()
    rare: bool = False
    day0_flat: bool = False

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
        values = {name: _typed(name, value) for name, value in given.items()}
        of_preset = dict(PRESETS[preset])
        if "day_dispersion" in of_preset and "days" in values:  # of its first days, where there are fewer
            of_preset["day_dispersion"] = of_preset["day_dispersion"][: max(values["days"], 0)]
        if "fate_names" in values:
            values.setdefault("fates", len(values["fate_names"]))
        return cls(**of_preset | values)

    def __post_init__(self) -> None:
        _refuse(self.labels not in LABELS, f"labels must be one of {', '.join(LABELS)}")
        _refuse(self.effects not in EFFECTS, f"effects must be one of {', '.join(EFFECTS)}")
        least = {
            "cells": 1,
            "genes": 1,
            "guides_per_gene": 1,
            "ntc": 1,
            "days": 1,
            "replicates": 1,
            "fates": 2,
            "seed": 0,
        }
        for name, low in least.items():
            value = getattr(self, name)
            _refuse(value is not None and value < low, f"{name} must be at least {low}, not {value}")
            _refuse(value is not None and value > MOST, f"{name} must be at most {MOST}, not {value}")
        _refuse(self.replicates > self.cells, f"{self.replicates:,} replicates need as many cells, not {self.cells:,}")
        _refuse(not 0 < self.moi <= MOST_GUIDES, f"moi must be above 0 and at most {MOST_GUIDES:,}, not {self.moi}")
        _refuse(not 0 < self.concentration < math.inf, f"concentration must be above 0, not {self.concentration}")
        _refuse(self.library == "synthetic" and self.genes is None, "a synthetic library needs genes: give how many")
        _refuse(self.fates > MOST_FATES, f"fates must be at most {MOST_FATES:,}, not {self.fates:,}")
        if not self.fate_names:
            more = (f"FATE{k}" for k in range(len(FATES) + 1, self.fates + 1))
            object.__setattr__(self, "fate_names", (*FATES[: self.fates], *more))
        self._refuse_effects()
        self._refuse_labels()

    def _refuse_effects(self) -> None:
        for name in ("guide_sd", "clone_sd", "sample_sd", "replicate_sd", "burden_day_sd"):
            sd = getattr(self, name)
            _refuse(sd is not None and not 0 <= sd < math.inf, f"{name} must be 0 or more, not {sd}")
        _refuse(not 0 <= self.off_target <= 1, f"off_target is a share from 0 to 1, not {self.off_target}")
        _refuse(not 0 <= self.dead < 1, f"dead is a share from 0 to below 1, not {self.dead}")
        sizes = self.clones
        whole = len(sizes) in (1, 2) and all(0 <= size <= MOST and size.is_integer() for size in sizes)
        _refuse(
            not whole or (len(sizes) == 2 and not 1 <= sizes[0] <= sizes[1]),
            f"clones must be 0, a mean size or a least and a most size, not {sizes}",
        )
        _refuse(self.clone_sd is not None and self.clone_sizes is None, "clone_sd needs clones")

    def _refuse_labels(self) -> None:
        given = self.day_dispersion
        _refuse(
            bool(given) and len(given) != self.days,
            f"day_dispersion needs one concentration a day ({self.days}), not {len(given)}",
        )
        _refuse(any(not 0 < one < math.inf for one in given), "concentrations of day_dispersion must be above 0")
        named = self.fate_names
        _refuse(len(named) != self.fates, f"fate_names has {len(named)} names for {self.fates} fates")
        _refuse(len(set(named)) < len(named) or "" in named, "fate_names must be different names, none of them empty")
        _refuse(self.rare and self.fates > MOST_RARE, f"with rare there can be {MOST_RARE} fates, not {self.fates}")

    @property
    def clone_sizes(self) -> tuple[int, int] | None:
        """Least and most cells of a clone; None without clones."""
        if len(self.clones) == 2:
            return int(self.clones[0]), int(self.clones[1])
        mean = int(self.clones[0])
        least = max(1, round(mean / 2))
        return (least, 2 * mean - least) if mean else None

    @property
    def concentrations(self) -> tuple[float, ...]:
        """Dirichlet concentration of each day."""
        first = FLAT_CONCENTRATION if self.day0_flat else self.concentration
        return self.day_dispersion or (first, *[self.concentration] * (self.days - 1))

    @property
    def life(self) -> dict[str, Any]:
        """The arguments of LIFE that the preset sets or that differ from their default."""
        default = {one.name: one.default for one in fields(self)}
        values = {name: getattr(self, name) for name in LIFE}
        return {name: of for name, of in values.items() if name in PRESETS[self.preset] or of != default[name]}


def _typed(name: str, value: Any) -> Any:
    try:
        return ARGUMENTS[name][0](value)
    except (TypeError, ValueError, OverflowError) as error:
        raise SimulationError(f"The argument {name} of the simulation has the wrong type: {error}.") from error


def _refuse(bad: bool, what: str) -> None:
    if bad:
        raise SimulationError(f"Cannot simulate: {what}.")

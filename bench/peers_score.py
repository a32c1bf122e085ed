"""What methods say of screens against the truth: one `Score` a method and row of screens."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from peers_methods import Z90
from scipy import stats

LEVEL = 0.05
CURVE = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)  # of lfsr, at which calls are counted beside LEVEL


@dataclass(frozen=True, kw_only=True)
class Calls:
    """One method on one screen, by gene and day [L, D]. sign: of the effect that a call says, 0 without a call; z:
    NaN where there is no estimate; estimate, half: centre and half width of the 90 % interval. hits: by gene, or
    None: `sign` on the best day, `day`, `robust`. lfsr, direction: of every effect, where mash says it."""

    genes: pd.Index
    sign: np.ndarray
    z: np.ndarray
    estimate: np.ndarray
    half: np.ndarray
    hits: pd.DataFrame | None = None
    lfsr: np.ndarray | None = None
    direction: np.ndarray | None = None


def read_mash(path: Path, rule: str = "lfsr") -> Calls:
    """Calls by a rule; a hit is a gene whose smallest lfsr is below LEVEL.

    rule: `lfsr` below LEVEL; `svalue`: as many of the smallest lfsr as have an average below LEVEL (Stephens 2017);
    `bh`: Benjamini-Hochberg on the estimates that mash was given; `either`: lfsr or bh.
    """
    table = pd.read_csv(path).set_index("gene")
    part = {name: table.filter(regex=rf"^{name}_d\d+$").to_numpy() for name in ("betahat", "se", "postmean", "lfsr")}
    direction, lfsr = np.sign(part["postmean"]), part["lfsr"]
    best = direction[np.arange(len(table)), table["best_day"]]
    robust = table.get("robust", best).astype(str).str.upper() == "TRUE"  # not in the table of preset plain
    hits = pd.DataFrame({"sign": best, "day": table["best_day"], "robust": robust})[table["lfsr_min"] < LEVEL]
    estimate, se = part["betahat"], part["se"]
    by_bh = np.where(benjamini_hochberg(2 * stats.norm.sf(np.abs(estimate / se))), np.sign(estimate), 0)
    rules = {
        "lfsr": np.where(lfsr < LEVEL, direction, 0),
        "svalue": np.where(average_below(lfsr), direction, 0),
        "bh": by_bh,
        "either": np.where(lfsr < LEVEL, direction, by_bh),
    }
    return Calls(
        genes=table.index, sign=rules[rule], z=estimate / se, estimate=estimate, half=Z90 * se, hits=hits, lfsr=lfsr,
        direction=direction,
    )  # fmt: skip


def average_below(lfsr: np.ndarray) -> np.ndarray:
    """The largest set of smallest lfsr whose average is below LEVEL; missing ones are no calls."""
    values = np.sort(lfsr[np.isfinite(lfsr)])
    most = int((np.cumsum(values) / np.arange(1, len(values) + 1) < LEVEL).sum())
    return lfsr <= values[most - 1] if most else np.zeros(lfsr.shape, dtype=bool)


def read_tests(path: Path) -> Calls:
    """Benjamini-Hochberg at LEVEL over genes and days."""
    table = pd.read_csv(path)
    wide = {name: table.pivot(index="gene", columns="day", values=name) for name in ("estimate", "half", "z", "p")}
    estimate, half, z, p = (wide[name].to_numpy() for name in ("estimate", "half", "z", "p"))
    sign = np.where(benjamini_hochberg(p), np.sign(estimate), 0)
    return Calls(genes=wide["p"].index, sign=sign, z=z, estimate=estimate, half=half)


def benjamini_hochberg(p: np.ndarray) -> np.ndarray:
    """Which are rejected; missing ones are no tests."""
    values = np.sort(p[np.isfinite(p)])
    below = values[values <= LEVEL * np.arange(1, len(values) + 1) / max(len(values), 1)]
    return p <= below.max() if len(below) else np.zeros(p.shape, dtype=bool)


@dataclass(kw_only=True)
class Score:
    """Counts over screens. active: effects by gene and day; hits, robust: (false, all) genes; curve: (false, all) calls
    below each lfsr of CURVE."""

    screens: int = 0
    with_false: int = 0
    active: int = 0
    calls: int = 0
    false: int = 0
    hits: list[int] = field(default_factory=lambda: [0, 0])
    robust: list[int] = field(default_factory=lambda: [0, 0])
    curve: np.ndarray = field(default_factory=lambda: np.zeros((len(CURVE), 2), dtype=int))
    null_z: list[np.ndarray] = field(default_factory=list)
    effect_z: list[np.ndarray] = field(default_factory=list)
    covered: list[np.ndarray] = field(default_factory=list)

    def add(self, calls: Calls, truth: pd.DataFrame) -> None:
        """One more screen. Genes that no cell carries are left out. Where the truth is signs alone, intervals are
        judged on nulls."""
        signs_only = all(name.startswith("sign_d") for name in truth)
        true = truth.loc[calls.genes].to_numpy()
        called, wrong = calls.sign != 0, calls.sign * np.sign(true) <= 0
        false = int((called & wrong).sum())
        self.screens += 1
        self.with_false += false > 0
        self.active += int((true != 0).sum())
        self.calls += int(called.sum())
        self.false += false
        self.null_z.append(np.where(true == 0, calls.z, np.nan))
        self.effect_z.append(np.where(true != 0, np.sign(true) * calls.z, np.nan))
        inside = np.where(np.isfinite(calls.z + calls.half), np.abs(calls.estimate - true) <= calls.half, np.nan)
        self.covered.append(inside[(true == 0) | (not signs_only)])
        if calls.hits is not None:
            self._add_hits(calls.hits, truth)
        if calls.lfsr is not None and calls.direction is not None:
            below = calls.lfsr < np.array(CURVE)[:, None, None]
            against = calls.direction * np.sign(true) <= 0
            self.curve += np.c_[(below & against).sum((1, 2)), below.sum((1, 2))]

    def _add_hits(self, hits: pd.DataFrame, truth: pd.DataFrame) -> None:
        true = truth.loc[hits.index].to_numpy()[np.arange(len(hits)), hits["day"]]
        wrong = hits["sign"].to_numpy() * np.sign(true) <= 0
        for tally, of in ((self.hits, np.ones(len(hits), dtype=bool)), (self.robust, hits["robust"].to_numpy())):
            tally[0] += int((wrong & of).sum())
            tally[1] += int(of.sum())

    @property
    def power(self) -> float:
        return (self.calls - self.false) / self.active if self.active else np.nan

    @property
    def false_share(self) -> float:
        return self.false / max(self.calls, 1)

    @property
    def z_by_day(self) -> np.ndarray:
        """SD of null z scores [D]; NaN on a day without null genes."""
        pooled = np.concatenate(self.null_z)
        counts = np.isfinite(pooled).sum(0)
        return np.array([np.nanstd(pooled[:, day]) if n else np.nan for day, n in enumerate(counts)])

    @property
    def null_sd(self) -> float:
        """SD of null z scores of all days; NaN where no gene is null."""
        return nan_of(np.nanstd, self.null_z)

    @property
    def signal(self) -> float:
        """Mean z score of effects, in their direction, over the SD of null ones: power at an SE that is right."""
        return nan_of(np.nanmean, self.effect_z) / self.null_sd

    @property
    def coverage(self) -> float:
        """Of 90 % intervals; NaN where the method has none."""
        return nan_of(np.nanmean, self.covered)


def nan_of(what: Callable[[np.ndarray], float], parts: list[np.ndarray]) -> float:
    """A statistic of all parts without their NaN; NaN where that is all they have."""
    pooled = np.concatenate([part.ravel() for part in parts])
    return float(what(pooled)) if np.isfinite(pooled).any() else np.nan

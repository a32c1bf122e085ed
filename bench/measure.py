"""What the benchmarks share: measured processes, the machine's yardstick, screens in memory, tables."""

import os
import subprocess
import sys
import time
from dataclasses import dataclass

import numpy as np

from fatebias.base.settings import Settings
from fatebias.screens.build import build_screen
from fatebias.screens.guide_map import GuideMap
from fatebias.screens.screen import RawCells, Screen
from fatebias.simulation import Arguments, Simulation, simulate

PRODUCT_SIZE = 3000  # the yardstick: a float64 product of two matrices of this size

# the model without what the default adds to it, as reference posteriors and draws from it have it
BARE = {"burden_by_day": False, "sample_effects": False}


@dataclass(frozen=True)
class Run:
    """One finished process: wall seconds, peak resident memory in GB, and seconds of all its cores."""

    seconds: float
    peak_gb: float
    cpu_seconds: float


def run_process(arguments: list[str]) -> Run:
    """Run a command to its end and measure it; raises CalledProcessError with its output when it fails."""
    start = time.perf_counter()
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as process:
        output = process.stdout.read()
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, arguments, output)
    peak = usage.ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    return Run(seconds, peak, usage.ru_utime + usage.ru_stime)


def fatebias(*arguments: object) -> Run:
    """`python -m fatebias ...` measured as a whole process, imports and reading included."""
    return run_process([sys.executable, "-m", "fatebias", *map(str, arguments)])


def product_seconds(repeats: int = 3) -> float:
    """Seconds of the yardstick product, the smallest of a few."""
    a = np.random.default_rng(0).normal(size=(PRODUCT_SIZE, PRODUCT_SIZE))
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - start)
    return min(times)


def cells_of(sim: Simulation) -> RawCells:
    """The cells of a simulation as its file would give them."""
    return RawCells(
        guides=sim.guides,
        guide_names=list(sim.guide_map.guide_name),
        day=np.array([f"d{d}" for d in sim.day], dtype=object),
        replicate=np.array([f"r{r}" for r in sim.replicate], dtype=object),
        fates=sim.fates,
        fate_probs=sim.probs,
    )


def guide_map_of(sim: Simulation) -> GuideMap:
    """The guide map of a simulation as its file would give it."""
    return GuideMap(
        guide_names=tuple(sim.guide_map.guide_name),
        gene_names=tuple(sim.guide_map.gene_name),
        is_ntc=sim.guide_map.is_ntc.to_numpy(dtype=bool),
    )


def screen_of(sim: Simulation, settings: Settings) -> Screen:
    """The screen that reading the simulation's files would give, without the files."""
    return build_screen(cells_of(sim), guide_map_of(sim), settings, where="simulation")


def simulated_screen(seed: int, settings: Settings, **arguments) -> tuple[Simulation, Screen]:
    """A benchmark screen in memory, and its truth; `arguments` as on the command line."""
    sim = simulate(Arguments.from_mapping({"seed": seed, **arguments}))
    return sim, screen_of(sim, settings)


def truth_of(sim: Simulation, screen: Screen) -> np.ndarray:
    """True theta [L, F, D] in the screen's order of genes."""
    place = {gene: k for k, gene in enumerate(sim.genes)}
    return sim.theta[[place[gene] for gene in screen.gene_names]]


@dataclass(frozen=True)
class Row:
    """One measured number and the range that it must lie in; None where there is no bound."""

    what: str
    measured: float
    least: float | None = None
    most: float | None = None

    @property
    def ok(self) -> bool:
        return (self.least is None or self.measured >= self.least) and (self.most is None or self.measured <= self.most)

    @property
    def must(self) -> str:
        bounds = {(True, True): "-", (False, True): f">= {self.least}", (True, False): f"<= {self.most}"}
        return bounds.get((self.least is None, self.most is None), f"{self.least} to {self.most}")


def print_rows(rows: list[Row]) -> None:
    """Rows as one Markdown table."""
    print("| what | measured | must | |\n|---|---|---|---|")
    for row in rows:
        verdict = "" if row.must == "-" else ("ok" if row.ok else "MISSED")
        print(f"| {row.what} | {row.measured:.3g} | {row.must} | {verdict} |")

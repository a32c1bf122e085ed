"""A simulated screen and its truth as files."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import __version__
from ..base import Progress, day_columns, prepare_out_dir, whole_file, writing
from ..containers import write_screen
from .arguments import LIFE, Arguments
from .draw import Simulation, simulate
from .memory import refuse_large


def simulate_to(out_dir: str | Path, given: Mapping[str, Any], progress: bool | None = False) -> dict[str, str]:
    """Simulate and write screen.h5ad, guide_map.csv, truth.csv, truth_all.npz, simulation.json; returns their paths.

    given: arguments that override the preset (names in ARGUMENTS). truth.csv holds theta of the first fate
    beside the reference, one row a gene; truth_all.npz theta [L, F, D] and delta [G, F] with names, and in screens of
    life `has_effects` [L] (theta of some day is not 0), `off_target` and `dead` [G]. Clones are in obs["clone"].
    """
    arguments = Arguments.from_mapping(given)
    refuse_large(arguments)
    out_dir = prepare_out_dir(out_dir)
    with Progress(progress).bar("Simulating", 2) as bar:
        sim = simulate(arguments)
        bar.advance()
        with writing(out_dir / "simulation.json"):
            paths = _write_simulation(out_dir, sim, arguments)
        bar.advance()
    return {what: str(path) for what, path in paths.items()}


def _write_simulation(out_dir: Path, sim: Simulation, arguments: Arguments) -> dict[str, Path]:
    """Write the files of a simulation; their paths by what they are."""
    names = {"screen": "screen.h5ad", "guide_map": "guide_map.csv", "truth": "truth.csv",
             "truth_all": "truth_all.npz", "arguments": "simulation.json"}  # fmt: skip
    paths = {what: out_dir / name for what, name in names.items()}
    days = np.array([f"d{day}" for day in range(arguments.days)])
    replicates = np.array([f"rep{r + 1}" for r in range(arguments.replicates)])
    write_screen(
        paths["screen"], sim.guides, sim.guide_map.guide_name, sim.probs, sim.fates,
        days[sim.day], replicates[sim.replicate],
        obs=None if sim.clone is None else {"clone": [f"clone{number}" for number in sim.clone]},
    )  # fmt: skip
    with whole_file(paths["guide_map"]) as part:
        sim.guide_map.to_csv(part, index=False)
    truth = {"gene": sim.genes} | dict(zip(day_columns("theta", arguments.days), sim.theta[:, 0].T))
    with whole_file(paths["truth"]) as part:
        pd.DataFrame(truth).to_csv(part, index=False)
    with whole_file(paths["truth_all"]) as part, part.open("wb") as file:  # given a path, numpy adds .npz to it
        np.savez_compressed(file, allow_pickle=False, **_truth_arrays(sim, arguments))
    asked = {name: value for name, value in dataclasses.asdict(arguments).items() if name not in LIFE}
    record = {
        "fatebias_version": __version__,
        **asked,
        **arguments.life,
        "sampling_weight": _sampling_weight(arguments),
    }
    with whole_file(paths["arguments"]) as part:
        part.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return paths


def _truth_arrays(sim: Simulation, arguments: Arguments) -> dict[str, np.ndarray]:
    names = {"genes": sim.genes, "guides": sim.targeting, "fates": sim.fates[1:]}
    truth = {"theta": sim.theta, "delta": sim.delta} | {what: np.array(of, dtype=str) for what, of in names.items()}
    if arguments.life:
        truth |= {"has_effects": np.any(sim.theta, axis=(1, 2)), "off_target": sim.off_target, "dead": sim.dead}
    return truth


def _sampling_weight(arguments: Arguments) -> float | list[float] | None:
    """The weight that matches the labels' variance, pi (1 - pi) / (concentration + 1) for Dirichlet labels.

    A list by day where concentrations differ.
    """
    by_day = [one + 1 for one in arguments.concentrations]
    dirichlet = by_day if len(set(by_day)) > 1 else by_day[0]
    return {"dirichlet": dirichlet, "onehot": 1.0}.get(arguments.labels)

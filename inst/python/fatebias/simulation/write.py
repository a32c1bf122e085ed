"""A simulated screen and its truth as files."""

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from .. import __version__
from ..base import Progress, day_columns, prepare_out_dir, whole_file
from ..screens import write_screen
from .arguments import Arguments
from .draw import Simulation, simulate


def simulate_to(out_dir: str | Path, given: Mapping[str, Any], progress: bool | None = False) -> dict[str, str]:
    """Simulate and write screen.h5ad, guide_map.csv, truth.csv, truth_all.npz, simulation.json; returns their paths.

    given: arguments that override the preset (names in ARGUMENTS). truth.csv holds theta of the first fate
    beside the reference, one row a gene; truth_all.npz theta [L, F, D] and delta [G, F] with names.
    """
    arguments = Arguments.from_mapping(given)
    out_dir = prepare_out_dir(out_dir)
    with Progress(progress).bar("Simulating", 2) as bar:
        sim = simulate(arguments)
        bar.advance()
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
    )  # fmt: skip
    with whole_file(paths["guide_map"]) as part:
        sim.guide_map.to_csv(part, index=False)
    truth = {"gene": sim.genes} | dict(zip(day_columns("theta", arguments.days), sim.theta[:, 0].T))
    with whole_file(paths["truth"]) as part:
        pd.DataFrame(truth).to_csv(part, index=False)
    with whole_file(paths["truth_all"]) as part, part.open("wb") as file:  # given a path, numpy adds .npz to it
        np.savez_compressed(
            file, theta=sim.theta, delta=sim.delta, genes=np.array(sim.genes, dtype=str),
            guides=np.array(sim.targeting, dtype=str), fates=np.array(sim.fates[1:], dtype=str),
        )  # fmt: skip
    record = {
        "fatebias_version": __version__,
        **dataclasses.asdict(arguments),
        "sampling_weight": _sampling_weight(arguments),
    }
    with whole_file(paths["arguments"]) as part:
        part.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    return paths


def _sampling_weight(arguments: Arguments) -> float | None:
    """The weight that matches the labels' variance, pi (1 - pi) / (concentration + 1) for Dirichlet labels."""
    return {"dirichlet": arguments.concentration + 1, "onehot": 1.0}.get(arguments.labels)

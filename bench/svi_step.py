"""Milliseconds of one SVI step at real scale: 100,000 cells, the real library, B = 8192 (target <= 25 ms)."""

import argparse
import time

import torch
from measure import Row, print_rows, simulated_screen

from fatebias.base.run import Run
from fatebias.base.settings import Settings
from fatebias.laplace import LaplaceOptions, fit_laplace
from fatebias.model.cells import to_tensors
from fatebias.model.prior import Priors
from fatebias.vi.options import SVIOptions
from fatebias.vi.structured import structured_start
from fatebias.vi.svi import fit_svi
from fatebias.vi.target import Target

MOST_MS = {"normal": 25, "structured": 40, "lowrank": None}
STEPS = 100


def step_ms(family: str, screen, device: str, repeats: int = 3) -> float:
    """The smallest mean over STEPS steps, after one round that warms up; the start is not counted."""
    settings = Settings.from_mapping(
        {"likelihood_weight": 21, "approx_posterior": family, "num_steps": STEPS, "loss_tolerance": 0}
    )
    cells, layout = to_tensors(screen, device, torch.float32)
    priors, options = Priors.of(settings), SVIOptions.of(settings)
    target = Target(cells=cells, layout=layout, priors=priors, weight=21.0)
    start = structured_start(fit_laplace(screen, LaplaceOptions.of(settings), Run(device=device)), priors)
    times = []
    for _ in range(repeats + 1):
        begin = time.perf_counter()
        steps = fit_svi(target, options, start).steps
        times.append((time.perf_counter() - begin) / steps * 1e3)
    return min(times[1:])


def rows(device: str = "cpu", threads: int = 2) -> list[Row]:
    torch.set_num_threads(threads)
    _, screen = simulated_screen(1, Settings.from_mapping(), preset="real")
    return [
        Row(f"SVI step, real, B = 8192, {family}, {device}: ms", step_ms(family, screen, device), None, most)
        for family, most in MOST_MS.items()
    ]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    print_rows(rows(**vars(parser.parse_args())))

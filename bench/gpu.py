"""The GPU against the CPU: the same posterior, milliseconds of an SVI step, seconds of real and genome fits.

Skipped, by name, where torch finds no CUDA GPU.
"""

import time

import numpy as np
import svi_step
import torch
from measure import Row, print_rows, simulated_screen

from fatebias.base.run import Run
from fatebias.base.settings import Settings
from fatebias.results.engines import infer

SCREENS = {"real": {"preset": "real"}, "genome": {"preset": "genome"}}
MOST_DIFFERENCE = 0.05  # posterior SDs
LEAST_SPEEDUP = 5.0  # at genome size


def fit(screen, device: str, engine: str):
    """The inference and its seconds."""
    settings = Settings.from_mapping({"inference": engine})
    start = time.perf_counter()
    found = infer(screen, settings, Run(device=device))
    return found, time.perf_counter() - start


def rows() -> list[Row]:
    if not torch.cuda.is_available():
        print("gpu.py: skipped, torch finds no CUDA GPU here")
        return []
    torch.set_num_threads(2)
    found = svi_step.rows("cuda")
    for name, arguments in SCREENS.items():
        _, screen = simulated_screen(1, Settings.from_mapping(), **arguments)
        for engine in ("laplace", "svi") if name == "real" else ("laplace",):
            fit(screen, "cuda", engine)  # warms up
            (gpu, fast), (cpu, slow) = fit(screen, "cuda", engine), fit(screen, "cpu", engine)
            apart = np.abs(gpu.posterior.theta_mean - cpu.posterior.theta_mean) / cpu.posterior.theta_sd
            label = f"GPU, {name}, {engine}"
            found.append(Row(f"{label}: mean difference / SD from the CPU", float(apart.mean()), None, MOST_DIFFERENCE))
            least = LEAST_SPEEDUP if name == "genome" else None
            found.append(Row(f"{label}: times faster than 2 cores ({fast:.1f} s)", slow / fast, least))
    return found


if __name__ == "__main__":
    print_rows(rows())

"""The GPU against the CPU: the same posterior, milliseconds of an SVI step, seconds of real and genome fits.

Skipped, by name, where torch finds no CUDA GPU.
"""

import time

import numpy as np
import torch
from measure import print_table, simulated_screen

from fatebias.inference import infer
from fatebias.settings import Settings

SCREENS = {"real": {"preset": "real"}, "genome": {"preset": "genome"}}
MOST_DIFFERENCE = 0.05  # posterior SDs
LEAST_SPEEDUP = 5.0  # at genome size


def fit(screen, device: str, engine: str):
    """The inference and its seconds."""
    settings = Settings.from_mapping({"inference": engine})
    start = time.perf_counter()
    found = infer(screen, settings, device)
    return found, time.perf_counter() - start


def main() -> None:
    if not torch.cuda.is_available():
        print("gpu.py: skipped, torch finds no CUDA GPU here")
        return
    torch.set_num_threads(2)
    rows = []
    for name, arguments in SCREENS.items():
        _, screen = simulated_screen(1, Settings.from_mapping(), **arguments)
        for engine in ("laplace", "svi") if name == "real" else ("laplace",):
            fit(screen, "cuda", engine)  # warms up
            (gpu, fast), (cpu, slow) = fit(screen, "cuda", engine), fit(screen, "cpu", engine)
            apart = np.abs(gpu.summary.theta_mean - cpu.summary.theta_mean) / cpu.summary.theta_sd
            rows.append((name, engine, fast, slow, slow / fast, float(apart.mean())))
    print(f"{torch.cuda.get_device_name()}; difference must be <= {MOST_DIFFERENCE}, genome >= {LEAST_SPEEDUP:g} x\n")
    print_table(("screen", "engine", "s on GPU", "s on CPU", "times faster", "mean difference / SD"), rows)


if __name__ == "__main__":
    main()

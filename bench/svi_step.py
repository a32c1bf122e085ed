"""Milliseconds of one SVI step at real scale: 100,000 cells, the real library, B = 8192 (target <= 25 ms)."""

import argparse
import time

import torch
from measure import print_table, product_seconds, simulated_screen

from fatebias.cells import to_tensors
from fatebias.laplace import fit_laplace
from fatebias.settings import Settings
from fatebias.structured import structured_start
from fatebias.svi import fit_svi

TARGET_MS = {"normal": 25, "structured": 40, "lowrank": None}
STEPS = 100


def step_ms(family: str, screen, device: str, repeats: int = 3) -> float:
    """The smallest mean over STEPS steps, after one round that warms up; the start is not counted."""
    settings = Settings.from_mapping(
        {"likelihood_weight": 21, "approx_posterior": family, "num_steps": STEPS, "loss_tolerance": 0}
    )
    cells, layout = to_tensors(screen, device, torch.float32)
    start = structured_start(fit_laplace(screen, settings, device=device), screen, settings)
    times = []
    for _ in range(repeats + 1):
        begin = time.perf_counter()
        steps = fit_svi(cells, layout, settings, 21.0, start).steps
        times.append((time.perf_counter() - begin) / steps * 1e3)
    return min(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    _, screen = simulated_screen(1, Settings.from_mapping(), preset="real")
    rows = [(family, step_ms(family, screen, args.device), target or "-") for family, target in TARGET_MS.items()]
    print(f"device {args.device}, {args.threads} threads, 3000 x 3000 product {product_seconds():.2f} s")
    print_table(("approx_posterior", "ms a step", "target"), rows)


if __name__ == "__main__":
    main()

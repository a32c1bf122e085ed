"""Milliseconds of one SVI step at real scale: 100,000 cells, the real library, B = 8192 (target <= 25 ms)."""

import argparse
import tempfile
import time

import torch
from measure import print_table, product_seconds

from fatebias.cells import to_tensors
from fatebias.screen_file import read_screen
from fatebias.settings import Settings
from fatebias.simulate import simulate_to
from fatebias.svi import fit_svi

TARGET_MS = {"normal": 25, "lowrank": None}
STEPS = 100


def step_ms(family: str, cells, layout, repeats: int = 3) -> float:
    """The smallest mean over STEPS steps, after one round that warms up."""
    settings = Settings.from_mapping(
        {"likelihood_weight": 21, "approx_posterior": family, "num_steps": STEPS, "loss_tolerance": 0}
    )
    times = []
    for _ in range(repeats + 1):
        start = time.perf_counter()
        fit_svi(cells, layout, settings)
        times.append((time.perf_counter() - start) / STEPS * 1e3)
    return min(times[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        paths = simulate_to(folder, {"preset": "real", "seed": 1})
        screen = read_screen(paths["screen"], paths["guide_map"], Settings.from_mapping())
    cells, layout = to_tensors(screen, args.device, torch.float32)
    rows = [(family, step_ms(family, cells, layout), target or "-") for family, target in TARGET_MS.items()]
    print(f"device {args.device}, {args.threads} threads, 3000 x 3000 product {product_seconds():.2f} s")
    print_table(("approx_posterior", "ms a step", "target"), rows)


if __name__ == "__main__":
    main()

"""Both engines against MCMC (NUTS) on the two reference screens, at the weight of the reference."""

from pathlib import Path

import numpy as np
from measure import BARE, Row, print_rows

from fatebias.base.settings import Settings
from fatebias.results.engines import infer
from fatebias.screens.reader import read_screen

DATA = Path(__file__).parents[1] / "tests" / "data"
DRAWS = 4000


def compare(name: str, weight: float, engine: str, family: str) -> list[Row]:
    """Mean |difference| / SD and quantiles of the ratio of SDs for theta; the same for delta."""
    given = {"likelihood_weight": weight, "inference": engine, "approx_posterior": family, "num_posterior_draws": DRAWS}
    settings = Settings.from_mapping(BARE | given)
    screen = read_screen(DATA / f"{name}.h5ad", DATA / f"{name}_guide_map.csv", settings)
    found, nuts = infer(screen, settings).posterior, np.load(DATA / f"{name}_nuts_{weight}.npz")
    apart = (np.abs(found.theta_mean_all - nuts["theta_mean"]) / nuts["theta_sd"]).mean()
    low, middle, high = np.quantile(found.theta_sd_all / nuts["theta_sd"], [0.05, 0.5, 0.95])
    several = nuts["delta_sd"].min(1) > 0  # genes with one guide have delta = 0
    sd = nuts["delta_sd"][several]
    delta = (np.abs(found.delta_mean_all - nuts["delta_mean"])[several] / sd).mean()
    label = f"MCMC, {name}, {engine}" + (f" {family}" if engine == "svi" else "")
    bound = (lambda *ends: ends) if family == "structured" else (lambda *ends: (None, None))  # others: for comparison
    return [
        Row(f"{label}: theta, difference / SD", apart, *bound(None, 0.10)),
        Row(f"{label}: SD ratio, 5 %", low, *bound(0.90, 1.10)),
        Row(f"{label}: SD ratio, median", middle, *bound(0.97, 1.03)),
        Row(f"{label}: SD ratio, 95 %", high, *bound(0.90, 1.10)),
        Row(f"{label}: delta, difference / SD", delta, *bound(None, 0.15)),
        Row(f"{label}: delta, SD ratio, median", np.median(found.delta_sd_all[several] / sd), *bound(0.90, 1.10)),
    ]


def rows() -> list[Row]:
    kinds = (("laplace", "structured"), ("svi", "structured"), ("svi", "normal"))
    return [
        row for name, weight in (("soft", 20), ("onehot", 1)) for kind in kinds for row in compare(name, weight, *kind)
    ]


if __name__ == "__main__":
    print_rows(rows())

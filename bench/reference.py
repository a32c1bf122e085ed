"""Both engines against MCMC (NUTS) on the two reference screens, at the weight of the reference."""

from pathlib import Path

import numpy as np
from measure import print_table

from fatebias.inference import infer
from fatebias.screen_file import read_screen
from fatebias.settings import Settings

DATA = Path(__file__).parents[1] / "tests" / "data"
DRAWS = 4000


def compare(name: str, weight: float, engine: str, family: str) -> tuple:
    """Mean |difference| / SD and ratio of SDs (5, 50, 95 %) of theta, and both of delta."""
    settings = Settings.from_mapping(
        {"likelihood_weight": weight, "inference": engine, "approx_posterior": family, "num_posterior_draws": DRAWS}
    )
    screen = read_screen(DATA / f"{name}.h5ad", DATA / f"{name}_guide_map.csv", settings)
    found, nuts = infer(screen, settings).summary, np.load(DATA / f"{name}_nuts_{weight}.npz")
    ratio = np.quantile(found.theta_sd_all / nuts["theta_sd"], [0.05, 0.5, 0.95])
    several = nuts["delta_sd"].min(1) > 0
    sd = nuts["delta_sd"][several]
    delta = (np.abs(found.delta_mean_all - nuts["delta_mean"])[several] / sd).mean()
    return (
        (np.abs(found.theta_mean_all - nuts["theta_mean"]) / nuts["theta_sd"]).mean(),
        " / ".join(f"{value:.3f}" for value in ratio), delta, np.median(found.delta_sd_all[several] / sd),
    )  # fmt: skip


def main() -> None:
    rows = [("must", "", 0.10, ".90 / .97-1.03 / 1.10", 0.15, "0.90-1.10")]
    for name, weight in (("soft", 20), ("onehot", 1)):
        for engine, family in (("laplace", "structured"), ("svi", "structured"), ("svi", "normal")):
            rows.append(
                (name, engine if engine == "laplace" else f"svi {family}", *compare(name, weight, engine, family))
            )
    print_table(
        ("screen", "engine", "theta: difference / SD", "SD ratio", "delta: difference / SD", "SD ratio (median)"), rows
    )


if __name__ == "__main__":
    main()

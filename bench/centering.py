"""Why delta is centred: calls by day with delta centred within gene, and left uncentred.

With uncentred deviations v ~ N(0, sigma_guide^2) the gene's average guide effect is theta + mean v, so
theta alone is known only up to the mean of n deviations: its estimates carry sigma_guide^2 / n on every
pair of days beside their own covariance. Both posteriors follow from the same estimates and scales by
Gaussian conditioning; a call is a day whose probability of the other sign is below .001.
"""

import numpy as np
from measure import Row, print_rows, simulated_screen, truth_of
from scipy import stats

from fatebias.base.settings import Settings
from fatebias.results.engines import infer

THRESHOLD = 0.001


def posterior_of_theta(found, n_guides: np.ndarray, centred: bool) -> tuple[np.ndarray, np.ndarray]:
    """Mean and SD [L, D] of theta of the first fate, from estimates, scales, and what the deviations add."""
    d = found.estimates.theta_hat.shape[1]
    scales = found.laplace.scales
    walk = np.tril(np.ones((d, d))) * np.r_[scales["tau"][0], scales["sigma_time"][0]]
    prior = walk @ walk.T
    extra = 0.0 if centred else scales["sigma_guide"][0] ** 2 / n_guides[:, None, None]
    gain = prior @ np.linalg.inv(prior + found.estimates.covariance + extra)
    mean = np.einsum("lde,le->ld", gain, found.estimates.theta_hat)
    return mean, np.sqrt(np.einsum("ldd->ld", prior - gain @ prior))


def verdicts(preset: str, fits: list, centred: bool) -> list[Row]:
    """Power, share of false calls, and median SD of theta over fits (screen, truth [L, D], inference)."""
    calls = right = active = 0
    widths = []
    for screen, truth, found in fits:
        mean, sd = posterior_of_theta(found, screen.guides_per_gene, centred)
        called = stats.norm.cdf(-np.abs(mean) / sd) < THRESHOLD
        right += (called & (np.sign(mean) == np.sign(truth)) & (truth != 0)).sum()
        calls, active = calls + called.sum(), active + (truth != 0).sum()
        widths.append(np.median(sd))
    label = f"{preset}, delta {'centred' if centred else 'uncentred (computed)'}"
    return [
        Row(f"{label}: power", right / active),
        Row(f"{label}: share of calls that are false", 1 - right / calls),
        Row(f"{label}: median SD of theta", float(np.mean(widths))),
    ]


def rows(seeds: range = range(101, 106)) -> list[Row]:
    out, settings = [], Settings.from_mapping({"inference": "laplace"})
    for preset, cells in (("strong", 25_000), ("weak", 12_000)):  # every gene is carried on every day
        screens = [simulated_screen(seed, settings, preset=preset, cells=cells) for seed in seeds]
        fits = [(screen, truth_of(sim, screen)[:, 0], infer(screen, settings)) for sim, screen in screens]
        out += [row for centred in (True, False) for row in verdicts(preset, fits, centred)]
    return out


if __name__ == "__main__":
    print_rows(rows())

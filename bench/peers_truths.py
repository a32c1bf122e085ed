"""Effects to plant by gene and day, of eight shapes: those of `prior.R`, none of which the prior describes exactly."""

from collections.abc import Callable

import numpy as np

Truth = Callable[[np.random.Generator, int, int], np.ndarray]  # theta [genes, days], log odds
LEAST, MOST = 0.3, 1.0  # of the sizes of effects


def sizes(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.uniform(LEAST, MOST, n) * rng.choice([-1.0, 1.0], n)


def a_tenth_by_day(draw: Callable[[np.random.Generator, int], np.ndarray]) -> Truth:
    """A tenth of the genes, drawn anew on each day."""

    def truth(rng: np.random.Generator, genes: int, days: int) -> np.ndarray:
        theta = np.zeros((genes, days))
        for day in range(days):
            active = rng.choice(genes, genes // 10, replace=False)
            theta[active, day] = draw(rng, len(active))
        return theta

    return truth


def lasting(share: float, days_on: Callable[[np.random.Generator, int, int], np.ndarray]) -> Truth:
    """A share of the genes, with one size each times days_on [n, days], which is -1, 0 or 1."""

    def truth(rng: np.random.Generator, genes: int, days: int) -> np.ndarray:
        theta = np.zeros((genes, days))
        active = rng.choice(genes, round(share * genes), replace=False)
        theta[active] = sizes(rng, len(active))[:, None] * days_on(rng, len(active), days)
        return theta

    return truth


def from_onset(before: float) -> Callable[[np.random.Generator, int, int], np.ndarray]:
    """1 from the second or a later day on, before it `before`."""

    def days_on(rng: np.random.Generator, n: int, days: int) -> np.ndarray:
        onset = rng.integers(1, days, size=n)
        return np.where(onset[:, None] <= np.arange(days), 1.0, before)

    return days_on


def dense(rng: np.random.Generator, genes: int, days: int) -> np.ndarray:
    """Small lasting effects of all genes; a tenth of them have a larger one."""
    theta = rng.normal(0, 0.1, (genes, 1)) + rng.normal(0, 0.03, (genes, days))
    active = rng.choice(genes, genes // 10, replace=False)
    theta[active] += (rng.uniform(0.4, MOST, len(active)) * rng.choice([-1.0, 1.0], len(active)))[:, None]
    return theta


def random_walk(rng: np.random.Generator, genes: int, days: int) -> np.ndarray:
    return np.cumsum(rng.normal(size=(genes, days)) * np.resize([0.3, 0.25, 0.15, 0.2], days), axis=1)


TRUTHS: dict[str, Truth] = {
    "uniform": a_tenth_by_day(sizes),
    "normal": a_tenth_by_day(lambda rng, n: rng.normal(0, 0.5, n)),
    "t3": a_tenth_by_day(lambda rng, n: 0.3 * rng.standard_t(3, n)),
    "persistent": lasting(0.2, lambda rng, n, days: np.ones((n, days))),
    "late": lasting(0.2, from_onset(0.0)),
    "switching": lasting(1 / 6, from_onset(-1.0)),
    "dense": dense,
    "walk": random_walk,
}

"""When SVI ends: the rule on losses of known shape."""

import numpy as np

from fatebias.vi.schedule import RATE_LEVELS, Schedule


def ends(losses, window=100, tolerance=1e-2):
    """The schedule fed with losses; the step at which it was done, and its verdict."""
    schedule, seen = Schedule(window=window, tolerance=tolerance), []
    for loss in losses:
        seen.append(loss)
        schedule.level_ended(seen)
        if schedule.done:
            break
    return len(seen), schedule.done, schedule.converged


def test_the_rule_on_losses_of_known_shape():
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.01, 5000)
    flat = ends(5 + noise)
    assert flat[1:] == (True, True) and flat[0] <= 100 * (RATE_LEVELS + 1)
    falling = ends(5 + 10 * np.exp(-np.arange(5000) / 300) + noise)
    assert falling[1:] == (True, True) and falling[0] > 1000
    assert not ends(np.linspace(1, 60, 5000) + noise)[2]  # a rising loss ends levels, but is no convergence
    steep = ends(np.linspace(60, 1, 5000) + noise)
    assert steep[1] is False  # still falling when the steps were used up


def test_noise_of_a_fit_at_rest_is_no_lack_of_convergence_and_a_rise_beyond_it_is():
    rng = np.random.default_rng(1)
    at_rest = [ends(5 + rng.normal(0, 0.01, 5000)) for _ in range(300)]
    assert all(done and converged for _, done, converged in at_rest)
    steps = at_rest[0][0]
    rising = 5 + rng.normal(0, 0.01, 5000)
    rising[steps - 100 :] += 0.01  # of one standard deviation of a step in the last window: 7 errors of its mean
    assert ends(rising)[1:] == (True, False)

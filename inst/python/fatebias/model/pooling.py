"""What is estimated day by day, drawn towards what is common to all days.

Each day's estimate moves by its own uncertainty against the spread of the days (DerSimonian & Laird 1986, Control.
Clin. Trials 7:177), so that days that do not differ get one number, and days that do keep theirs.
"""

import numpy as np


def shrink_over_days(found: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Estimates [D] drawn towards their common mean, each by its own error variance [D], and the error variance after.

    An infinite error is that of a day of which nothing is known.
    """
    known = np.isfinite(error) & (error > 0)
    if not known.any():
        return found, np.zeros_like(found)
    own_error = np.where(known, error, 1.0)
    w = np.where(known, 1 / own_error, 0.0)
    mean = (w * found).sum() / w.sum()
    q = (w * (found - mean) ** 2).sum()
    spare = w.sum() - (w**2).sum() / w.sum()
    spread = max(0.0, (q - (known.sum() - 1)) / spare) if spare > 0 else 0.0
    w = np.where(known, 1 / (own_error + spread), 0.0)
    mean = (w * found).sum() / w.sum()
    own = np.where(known, spread / (spread + own_error), 0.0)
    after = np.where(known, own * own_error, spread) + (1 - own) ** 2 / w.sum()
    return np.asarray(own * found + (1 - own) * mean), np.asarray(after)

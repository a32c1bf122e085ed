"""Do the standard errors of this fit mean what they say? Refits under which the truth is known.

A fit cannot vouch for itself: guides are shuffled, controls held out, cells drawn anew, left out or predicted from
others, and what the estimates do then is set beside what their standard errors claim. Each unit of work is made once,
alone, and kept (`run_units`), so that a cluster can share them; verdicts are R's (`certify_fit()`).
"""

from .controls import estimate_controls
from .jackknife import jackknife_blocks
from .randomisation import randomise_genes
from .store import FOLDER, describe_units, fit_source, planned_units, run_units, usual_sizes

__all__ = [
    "FOLDER",
    "describe_units",
    "estimate_controls",
    "fit_source",
    "jackknife_blocks",
    "planned_units",
    "randomise_genes",
    "run_units",
    "usual_sizes",
]

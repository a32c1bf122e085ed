"""A fit that kills itself: `python killed_fit.py screen guide_map out place steps settings` (settings as JSON)."""

import json
import math
import os
import signal
import sys

from fatebias.base import checkpoint
from fatebias.base.settings import Settings
from fatebias.laplace import covariance
from fatebias.results.fit import fit_screen

# every save is written; draws are made in three portions, and more of them, though the screen is small
ALWAYS = [(checkpoint, "LEAST_SECONDS", 0.0), (checkpoint, "WRITE_SHARE", math.inf)]
PORTIONS = [
    (covariance, "COLUMN_NUMBERS", 24 * 2 * 800),
    (covariance, "RIDGE_SHARE", 0.0),
    (covariance, "MANY_SHARE", 0.0),
]


def main(screen: str, guide_map: str, out: str, place: str, steps: str, settings: str) -> None:
    for module, name, value in ALWAYS + PORTIONS:
        setattr(module, name, value)
    keep = checkpoint._File.keep

    def keep_and_die(self, at, state, taken, final):
        keep(self, at, state, taken, final)
        if at == place and taken >= int(steps):
            os.kill(os.getpid(), signal.SIGKILL)

    checkpoint._File.keep = keep_and_die
    fit_screen(screen, guide_map, out, Settings.from_mapping(json.loads(settings)))


if __name__ == "__main__":
    main(*sys.argv[1:])

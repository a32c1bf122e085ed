"""The work of equality.py: which screens, which fits of them, and what each is given to."""

from dataclasses import dataclass

# name: arguments of `python -m fatebias simulate`
SCREENS = {
    "weak": {"preset": "weak", "cells": 4_000, "seed": 11},
    "strong": {"preset": "strong", "cells": 8_000, "seed": 12},
    "onehot": {"preset": "strong", "cells": 6_000, "genes": 60, "labels": "onehot", "seed": 13},
    "fates": {
        "preset": "weak", "cells": 2_000, "genes": 60, "fates": 4, "days": 2, "concentration": 12, "seed": 14,
    },
    "real": {"preset": "real", "cells": 20_000, "seed": 15},
}  # fmt: skip
BASE = {"threads": 1, "seed": 5}
SVI = {"inference": "svi", "num_steps": 150, "batch_size": 1024, "num_posterior_draws": 200}
LAPLACE = {"inference": "laplace", "num_posterior_draws": 400}
CHECKS = ("permutation", "ntc", "sandwich", "bootstrap", "heldout")


@dataclass(frozen=True)
class Fit:
    """One fit: its settings, and whether checks are made of it and R is given it ("", "mash" or "all")."""

    settings: dict
    certify: bool = False
    in_r: str = "mash"


@dataclass(frozen=True)
class Kill:
    """One fit that is killed when it has written a checkpoint of a place (or one within), and run again."""

    screen: str
    place: str
    settings: dict


EVERYWHERE = {
    f"{engine}_{preset}": Fit({**settings, "preset": preset})
    for engine, settings in (("laplace", LAPLACE), ("svi", SVI))
    for preset in ("calibrated", "plain")
}
# screen: fits beside those of EVERYWHERE, or in place of one of them
FITS = {
    "weak": {
        "laplace_calibrated": Fit(LAPLACE, certify=True, in_r="all"),
        "svi_draws": Fit({**SVI, "save_draws": "all"}, in_r=""),
    },
    "strong": {
        "laplace_draws": Fit({**LAPLACE, "save_draws": "contrast"}, in_r=""),
        "svi_lowrank": Fit({**SVI, "approx_posterior": "lowrank"}, in_r=""),
    },
    "onehot": {
        "laplace_calibrated": Fit(LAPLACE, certify=True),
        "laplace_sandwich": Fit({**LAPLACE, "se": "sandwich"}),
    },
    "fates": {
        "laplace_by_day": Fit({**LAPLACE, "likelihood_weight": "auto_by_day"}, certify=True),
        "laplace_difference": Fit({**LAPLACE, "contrast_fate": "MES - NEU"}),
    },
    "real": {},
}
# enough work that a checkpoint, which is written after five seconds at the earliest, is written before the end
KILLS = {
    "laplace": Kill("real", "laplace/", {**LAPLACE, "num_perturbations": 2_000}),
    "svi": Kill("real", "svi", {**SVI, "num_steps": 1_500, "batch_size": 4_096, "loss_tolerance": 0}),
}


def fits_of(screen: str) -> dict[str, Fit]:
    """The fits of a screen by name."""
    return EVERYWHERE | FITS[screen]

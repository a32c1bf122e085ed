"""Label error: coverage of one label set and of five combined by Rubin's rules, on screens whose labels are wrong.

Cells have a place in a space of STATES dimensions, which is what a graph of neighbours sees: noise of their own, and
what the knock-downs that they carry move them by. The error of a label set is a smooth function of the place, another
one for each fate, day and set, added to the labels on the logit scale. So neighbours share it, and cells of a gene a
part of it, which more cells do not average out. What label sets can tell depends on where the truth stands among them:

    exchangeable   the true labels differ from what sets have in common as every set does: Rubin's assumption
    around         every set has an error of its own, and their mean is nearer to the truth than any
    common         four fifths of the variance of the error are the same in all sets: of that they tell nothing
    by cell        errors of their own in every cell, which the scatter of the labels within a set shows as well
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from measure import Row, print_rows, simulated_screen, truth_of
from scipy import stats

from fatebias.base.settings import Settings
from fatebias.results.engines import infer
from fatebias.screens.screen import Screen

SETS, STATES, FEATURES = 5, 8, 40
Z = stats.norm.ppf(0.95)
MOVED = 0.3  # SD of a knock-down's shift of its cells' place, in each dimension, in SDs of cells
KINDS = ("exchangeable", "around", "common", "by cell")
SETTINGS = {"inference": "laplace", "estimand": "guides", "p_values": False, "num_posterior_draws": 20}


def places(screen: Screen, rng: np.random.Generator) -> np.ndarray:
    """Places of cells [N, STATES]: noise, and the shifts by the genes of the guides that they carry."""
    shift = rng.normal(scale=MOVED, size=(screen.n_genes, STATES))
    cell = np.repeat(np.arange(screen.n_cells), np.diff(screen.guide_ptr))
    found = rng.normal(size=(screen.n_cells, STATES))
    np.add.at(found, cell, shift[screen.guide_gene[screen.guide_idx]])
    return found


def drawer(screen: Screen, sd: float, kind: str, rng: np.random.Generator) -> Callable[[], np.ndarray]:
    """A function that draws one error of all labels [N, F + 1], SD `sd` over cells."""
    if kind == "by cell":
        return lambda: rng.normal(scale=sd, size=screen.fate_probs.shape)
    where = places(screen, rng)
    features = np.cos(where @ rng.normal(scale=0.5, size=(STATES, FEATURES)) + rng.uniform(0, 2 * np.pi, FEATURES))

    def draw() -> np.ndarray:
        weights = rng.normal(scale=np.sqrt(2 / FEATURES), size=(screen.n_days, FEATURES, screen.n_fates))
        return sd * np.einsum("nj,njf->nf", features, weights[screen.day])

    return draw


def label_sets(screen: Screen, sd: float, kind: str, seed: int) -> Screen:
    """The screen with SETS label sets instead of its labels."""
    rng = np.random.default_rng(seed)
    draw = drawer(screen, sd, kind, rng)
    own, shared = {"exchangeable": (1.0, -1.0), "common": (0.2**0.5, 0.8**0.5)}.get(kind, (1.0, 0.0))
    common = shared * draw()
    sets = [moved(screen.fate_probs, common + own * draw()) for _ in range(SETS)]
    names = tuple(f"set{k + 1}" for k in range(SETS))
    return replace(screen, fate_probs=sets[0], other_probs=np.stack(sets[1:]), label_sets=names)


def moved(probs: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Probabilities with an error added on the logit scale."""
    raised = probs * np.exp(error)
    return raised / raised.sum(1, keepdims=True)


def coverage(kind: str, sd: float, seeds: range) -> dict[str, float]:
    """Of 90 % intervals of theta by gene and day: of the right labels, of one set, of five; SD of z; shares."""
    settings = Settings.from_mapping(SETTINGS)
    z: dict[str, list[np.ndarray]] = {"true labels": [], "one set": [], "five sets": []}
    share = []
    for seed in seeds:
        sim, screen = simulated_screen(seed, settings, preset="weak", cells=8000)
        truth, several = truth_of(sim, screen)[:, 0], label_sets(screen, sd, kind, seed)
        for name, one in zip(z, (screen, several.of_set(0), several)):
            found = infer(one, settings).estimates
            z[name].append(((found.theta_hat - truth) / found.se).ravel())
        share.append(np.nanmean(found.label_share))
    whole = {name: np.concatenate(part) for name, part in z.items()}
    found = {f"coverage, {name}": float((np.abs(part[~np.isnan(part)]) < Z).mean()) for name, part in whole.items()}
    found |= {f"SD of z, {name}": float(np.sqrt(np.nanmean(part**2))) for name, part in whole.items()}
    return found | {"share of the variance from labels": float(np.mean(share))}


def rows(sds: list[float], seeds: range) -> list[Row]:
    found = []
    for kind in KINDS:
        for sd in sds:
            print(f"{kind}, SD {sd:g}", file=sys.stderr, flush=True)
            bounds = (0.87, 0.93) if kind == "exchangeable" else (None, None)
            for what, value in coverage(kind, sd, seeds).items():
                least, most = bounds if what == "coverage, five sets" else (None, None)
                found.append(Row(f"{kind}, SD {sd:g}: {what}", value, least, most))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sd", type=float, nargs="+", default=[0.3, 0.6], help="SD of the error over cells, in logits")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=4)
    arguments = parser.parse_args()
    first = arguments.first_seed
    print_rows(rows(arguments.sd, range(first, first + arguments.seeds)))

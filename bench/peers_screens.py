"""The screens of truth.py and methods.py: kinds, where their files lie, and their truth.

Kinds of the landscape come from files that `landscape.py` made (`Place.landscape`), or are made by it with a Python
that has CellRank (`Place.cellrank`). Kinds of life are simulated: 8,000 cells, and one thing that life adds. Kinds of
labels are the simulator's presets `weak` and `strong`, sizes are one of its sparse screens with few and many genes. The
screen with the real library is `peers_planted.py`'s.
"""

import re
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd
from peers_planted import plant_effects
from peers_truths import TRUTHS

from fatebias.simulation import simulate_to

SIZES = {"cells": 8000, "genes": 100, "guides_per_gene": 5, "ntc": 20, "moi": 5, "concentration": 20}
CLONES = {"clones": (5, 15), "clone_sd": 0.5}


@dataclass(frozen=True, kw_only=True)
class Kind:
    """what: in words. arguments: of the simulation over SIZES, of a preset, of `landscape.py` or of `peers_planted.py`.
    landscape, planted: whether one of these two makes it. clones: whether obs["clone"] is there; effects: whether some
    gene has one."""

    what: str
    arguments: dict[str, Any] = field(default_factory=dict)
    landscape: bool = False
    planted: bool = False
    clones: bool = False
    effects: bool = True


def land(what: str, effects: bool = True, **arguments: Any) -> Kind:
    return Kind(what=what, arguments=arguments, landscape=True, clones="clones" in arguments, effects=effects)


def life(what: str, effects: bool = True, **arguments: Any) -> Kind:
    arguments = arguments if effects else arguments | {"effects": "none"}
    return Kind(what=what, arguments=arguments, clones="clones" in arguments, effects=effects)


def labels(preset: str, effects: str, kind: str) -> Kind:
    arguments = {"preset": preset, "effects": effects, "labels": kind}
    return Kind(what=f"{preset}, {EFFECTS[effects]}, {LABELS[kind]}", arguments=arguments, effects=effects != "none")


EFFECTS = {"sparse": "sparse effects", "random_walk": "random walk", "none": "no effects"}
LABELS = {"dirichlet": "Dirichlet", "onehot": "one-hot", "logitnormal": "logit-normal", "smoothed": "smoothed"}
LANDSCAPE = {
    "base": land("landscape"),
    "null": land("landscape, no effects", effects=False, active=0),
    "replicate": land("landscape, 3 replicates, effects differ by replicate", reps=3, repvar=0.5, batch=0.3),
    "depth": land("landscape, depth in the positions", depth=0.6),
    "clone": land("landscape, clones of 10", clones=10),
    "guide": land("landscape, 8 % off-target guides, a quarter dead", dead=0.25, off=0.08),
}
LIFE = {
    "plain": life("nothing added"),
    "guide_sd": life("guide SD .2", guide_sd=0.2),
    "off_target": life("off-target guide in a fifth of genes", off_target=0.2),
    "guide_sd_none": life("guide SD .2, no effects", effects=False, guide_sd=0.2),
    "guide_sd_none_60k": life("guide SD .1, no effects, 60,000 cells", effects=False, guide_sd=0.1, cells=60_000),
    "replicate_15": life("replicate SD .15", replicate_sd=0.15),
    "replicate_30": life("replicate SD .3", replicate_sd=0.3),
    "replicate_3x20": life("3 replicates, SD .2", replicate_sd=0.2, replicates=3),
    "clone_50": life("clones of 5-15, SD .5", **CLONES),
    "clone_100": life("clones of 5-15, SD 1", **CLONES | {"clone_sd": 1.0}),
    "clone_moi1": life("clones of 5-15, SD .5, MOI 1", **CLONES, moi=1),
    "burden": life("burden slope by day, SD .08", burden_day_sd=0.08),
    "dispersion": life("dispersion by day, 40 to 8", day_dispersion=(40, 20, 12, 8)),
    "day0_flat": life("first day nearly flat", day0_flat=True),
    "rare": life("rare reference and third fate", rare=True, concentration=50),
    "life": life("a little of everything", preset="life"),
    "life_none": life("a little of everything, no effects", effects=False, preset="life_none"),
}
KINDS_OF_LABELS = {
    f"{preset}_{effects}_{kind}": labels(preset, effects, kind)
    for preset in ("weak", "strong") for effects in EFFECTS for kind in LABELS
}  # fmt: skip
OTHERS = {
    "real_library": Kind(what="CellRank's labels, real library", planted=True),
    "genes_60": Kind(what="60 genes, 2,000 cells", arguments={"genes": 60, "cells": 2000}),
    "genes_1000": Kind(what="1,000 genes, 32,000 cells", arguments={"genes": 1000, "cells": 32_000}),
}
PLANTED = {
    f"planted_{name}": Kind(what=f"CellRank's labels, {name}", planted=True, arguments={"truth": truth})
    for name, truth in TRUTHS.items()
}
APART = {"guide_sd": 0.2}  # guides around what all guides that one could make for a gene do
DRAWN_FIRST = (  # seeds go by place in KINDS: rows that other tables of METHODS.md have keep theirs
    "weak_sparse_dirichlet", "weak_sparse_onehot", "weak_sparse_logitnormal", "weak_none_dirichlet",
    "strong_sparse_dirichlet", "strong_sparse_onehot", "strong_none_dirichlet", "real_library",
)  # fmt: skip
CENTRED = KINDS_OF_LABELS | OTHERS
DRAWN = {
    f"drawn_{name}": replace(CENTRED[name], arguments=CENTRED[name].arguments | APART)
    for name in dict.fromkeys((*DRAWN_FIRST, *CENTRED))
}
KINDS = LANDSCAPE | LIFE | KINDS_OF_LABELS | OTHERS | PLANTED | DRAWN


def kind_name(row: str) -> str:
    """The kind of a row, whose name it has, with "+key" besides where the fit is told of the clones."""
    return row.partition("+")[0]


def kind_of(row: str) -> Kind:
    return KINDS[kind_name(row)]


def settings_of(row: str) -> dict[str, Any]:
    """Settings of a row's fits on top of the method's."""
    return {"cluster_key": "clone"} if row.endswith("+key") else {}


def title(row: str) -> str:
    """A row in words."""
    return kind_of(row).what + (", `cluster_key`" if settings_of(row) else "")


def with_keys(kinds: dict[str, Kind]) -> list[str]:
    """Rows of kinds: each, and those with clones once more with `cluster_key`."""
    return [row for name, kind in kinds.items() for row in ([name, f"{name}+key"] if kind.clones else [name])]


@dataclass(frozen=True, kw_only=True)
class Place:
    """folder: of all files; landscape: folder with KIND_SEED.h5ad, or None; cellrank: a Python that has CellRank; mash:
    folder of the tables of mash, FOLDER/mash where it is None. Rows of one kind share its screens."""

    folder: Path
    landscape: Path | None = None
    cellrank: str | None = None
    mash: Path | None = None

    def fit(self, method: str, row: str, seed: int) -> Path:
        """Folder of a fit."""
        return self.folder / "fits" / method / f"{row}_{seed}"

    def mash_table(self, method: str, row: str, seed: int) -> Path:
        return (self.mash or self.folder / "mash") / method / f"{row}_{seed}.csv"

    def tests(self, row: str, seed: int) -> Path:
        """Folder of METHOD.csv, the tables of other methods."""
        return self.folder / "competitors" / f"{row}_{seed}"

    def seeds(self, name: str, first: int, n: int) -> list[int]:
        """n seeds of a kind: those of the landscape's files, else numbers that no other kind has."""
        if KINDS[name].landscape and self.landscape:
            found = [re.fullmatch(rf"{name}_(\d+)", path.stem) for path in self.landscape.glob("*.h5ad")]
            return sorted(int(match[1]) for match in found if match)[:n]
        if KINDS[name].landscape and not self.cellrank:
            return []
        start = first + 100 * list(KINDS).index(name)
        return list(range(start, start + n))

    def files(self, name: str, seed: int) -> tuple[Path, Path, Path]:
        """Screen, guide map and truth."""
        if KINDS[name].landscape:
            stem = str((self.landscape or self.folder / "landscape") / f"{name}_{seed}")
            return Path(stem + ".h5ad"), Path(stem + "_guide_map.csv"), Path(stem + "_truth.csv")
        where = self.folder / "screens" / f"{name}_{seed}"
        return where / "screen.h5ad", where / "guide_map.csv", where / "truth.csv"

    def make(self, name: str, seed: int) -> None:
        """The files of a screen; what is there is kept."""
        screen, _, truth = self.files(name, seed)
        if truth.exists():
            return
        arguments = KINDS[name].arguments
        if KINDS[name].landscape:
            screen.parent.mkdir(parents=True, exist_ok=True)
            given = {"cells": SIZES["cells"]} | arguments | {"seed": seed}
            options = [word for key, value in given.items() for word in (f"--{key}", str(value))]
            script = str(Path(__file__).with_name("landscape.py"))
            subprocess.run([str(self.cellrank), script, str(screen.with_suffix("")), *options], check=True)
        elif KINDS[name].planted:
            plant_effects(screen.parent, seed, **arguments)
        else:
            simulate_to(screen.parent, ({} if "preset" in arguments else SIZES) | arguments | {"seed": seed})

    def truth(self, name: str, seed: int) -> pd.DataFrame:
        """Genes x days: theta of a simulated screen, sign of the push on the landscape (-1, 0, 1)."""
        table = pd.read_csv(self.files(name, seed)[2]).set_index("gene")
        return table[[column for column in table if column.startswith(("theta_d", "sign_d"))]]

"""A screen of eight cells that can be counted by hand."""

import numpy as np
import scipy.sparse as sp
from conftest import labels

from fatebias.base.settings import Settings
from fatebias.screens.build import build_screen
from fatebias.screens.guide_map import GuideMap
from fatebias.screens.screen import RawCells


def tiny(presence, **changes):
    """Eight cells, guides a1 a2 (gene A) b1 (gene B) n1 (control), two days, two replicates."""
    raw = {
        "guides": sp.csr_matrix(presence), "guide_names": ["b1", "n1", "a1", "a2"],
        "day": labels("d", [2, 2, 2, 2, 10, 10, 10, 10]), "replicate": labels("r", [0, 1] * 4),
        "fates": ("EC", "MES"), "fate_probs": np.full((8, 2), 0.5),
    } | changes  # fmt: skip
    guide_map = GuideMap(
        guide_names=("a1", "b1", "n1", "a2", "c1"), gene_names=("A", "B", "NTC", "A", "C"),
        is_ntc=np.array([0, 0, 1, 0, 0], dtype=bool),
    )  # fmt: skip
    return build_screen(RawCells(**raw), guide_map, Settings.from_mapping({"Kmax": 3}), where="tiny")


PRESENCE = np.array(
    [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 1], [0, 1, 1, 0], [1, 0, 0, 1], [1, 0, 0, 0], [0, 1, 0, 0], [1, 1, 0, 0]]
)

"""UMI counts of five cells and four guides that can be checked by hand."""

import numpy as np
import pandas as pd

UMI_COUNTS = np.array([[7, 0, 0, 1], [0, 5, 0, 0], [0, 4, 12, 0], [0, 0, 0, 0], [1, 1, 5, 30]])  # 5 cells, 4 guides
CELLS = [f"AAACCCAAGAAACA{two}-1" for two in ("CA", "CC", "CG", "CT", "GA")]


def same(found, umis=UMI_COUNTS, cells=CELLS, guides=("g1", "g2", "g3", "g4")):
    return np.array_equal(found.counts.toarray(), umis) and list(found.cells) == cells and found.guides == guides


def long_table():
    cell, guide = np.nonzero(UMI_COUNTS)
    return pd.DataFrame(
        {"cell": np.array(CELLS)[cell], "guide": [f"g{g + 1}" for g in guide], "umi": UMI_COUNTS[cell, guide]}
    )

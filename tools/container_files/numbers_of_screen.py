"""The screen of the test files as plain numbers: cells.csv, guides.csv, guide_map.csv.

    python numbers_of_screen.py FOLDER

Standard library only, and Python 3.8: the other scripts of this folder import it in environments of all ages.
"""

import csv
import random
import sys
from pathlib import Path

DAYS, REPLICATES, FATES = ("d0", "d2", "d4"), ("r1", "r2"), ("EC", "MES", "NEU")
GUIDES = [f"GEN{gene}_{j}" for gene in "ABCD" for j in (1, 2)] + [f"NTC_{j}" for j in (1, 2, 3)]
GENES = [guide.split("_")[0] for guide in GUIDES]
N_CELLS, N_TERMINAL, PARTS = 72, 4, 64  # cells; terminal cells a fate; a probability is a multiple of 1 / PARTS


def draw_cells(draw):
    """One dict a cell; probabilities are exact in half precision, and 0 or 1 in terminal cells."""
    names = sorted({"".join(draw.choice("ACGT") for _ in range(12)) + "-1" for _ in range(N_CELLS)})
    draw.shuffle(names)
    cells = []
    for i, name in enumerate(names):
        cuts = sorted(draw.sample(range(1, PARTS), 2))
        probs = [cuts[0] / PARTS, (cuts[1] - cuts[0]) / PARTS, 1 - cuts[1] / PARTS]
        labels = {"cell": name, "day": DAYS[i % 3], "replicate": REPLICATES[i // 3 % 2], "terminal": ""}
        cells.append({**labels, **dict(zip(FATES, probs))})
    last = [cell for cell in cells if cell["day"] == DAYS[-1]]
    for i, cell in enumerate(draw.sample(last, N_TERMINAL * len(FATES))):
        fate = FATES[i % len(FATES)]
        cell.update({"terminal": fate}, **{other: float(other == fate) for other in FATES})
    return cells


def draw_guides(draw, cells):
    """One dict a cell and guide with UMIs; those not present are ambient. The second cell has no guide."""
    for i, cell in enumerate(cells):
        present = [] if i == 1 else draw.sample(GUIDES, draw.choice((1, 1, 2, 2, 3)))
        ambient = [guide for guide in GUIDES if guide not in present and draw.random() < 0.1]
        for guide in GUIDES:
            if guide in present + ambient:
                umis = draw.randint(6, 300) if guide in present else draw.randint(1, 2)
                yield {"cell": cell["cell"], "guide": guide, "umis": umis, "present": int(guide in present)}


def write_table(path, rows):
    rows = list(rows)
    with open(path, "w", newline="") as file:
        table = csv.DictWriter(file, rows[0], lineterminator="\n")
        table.writeheader()
        table.writerows(rows)


def write_numbers(folder):
    draw = random.Random(15)
    cells = draw_cells(draw)
    write_table(folder / "cells.csv", cells)
    write_table(folder / "guides.csv", draw_guides(draw, cells))
    rows = ({"guide_name": g, "gene_name": gene, "is_ntc": int(gene == "NTC")} for g, gene in zip(GUIDES, GENES))
    write_table(folder / "guide_map.csv", rows)


def read_table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


if __name__ == "__main__":
    write_numbers(Path(sys.argv[1]))

"""Each room imports only from rooms before it."""

import ast
from pathlib import Path

import fatebias

ROOMS = [
    *("errors", "progress", "interrupts", "settings", "guide_map", "fate_table", "screen", "screen_file"),
    *("screen_summary", "lookalikes", "findings"),
    *("preflight_fates", "preflight_guides", "preflight_levels", "preflight_map", "preflight"),
    *("cell_names", "guide_counts", "assemble", "stopwatch", "checkpoint"),
    *("effects", "cells", "model", "posterior"),
    *("design", "prior", "curvature", "likelihood_weight", "covariance", "scales", "mode", "laplace", "estimates"),
    *("structured", "approx_posterior", "svi"),
    *("inference", "export", "qc", "fit", "controls"),
    *("calibration", "refit", "heldout", "checks"),
    *("simulate", "bridge", "certify", "randomisation", "jackknife", "__main__"),
]
FOLDER = Path(fatebias.__file__).parent
LONGEST = 400


def imports_of(room: str) -> set[str]:
    """Names of the rooms that a room imports from."""
    found = set()
    for node in ast.walk(ast.parse((FOLDER / f"{room}.py").read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            found |= {node.module.split(".")[0]} if node.module else {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fatebias"):
            found.add(node.module.partition(".")[2])
        elif isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[2] for alias in node.names if alias.name.startswith("fatebias.")}
    return found - {"__version__"}


def test_every_file_is_a_room():
    assert {path.stem for path in FOLDER.glob("*.py")} - {"__init__"} == set(ROOMS)


def test_rooms_import_only_from_rooms_before_them():
    for i, room in enumerate(ROOMS):
        assert imports_of(room) <= set(ROOMS[:i]), room


def test_rooms_stay_readable():
    for room in ROOMS:
        assert len((FOLDER / f"{room}.py").read_text().splitlines()) <= LONGEST, room

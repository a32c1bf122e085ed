"""The estimate of a fit's memory (`check`, row "Memory") against the peaks of whole processes.

Peaks are those of the manifest. They do not depend on how long a fit runs, so that svi takes 20 steps and the solves
of laplace are loose. `genome` takes minutes and 3 GB.
"""

import argparse
import json
import tempfile
from pathlib import Path

from measure import Row, fatebias, print_rows

from fatebias.base.settings import Settings
from fatebias.preflight import check_screen

WITHIN = 0.3  # of 1: the estimate over the peak
LOOSE = {"num_steps": 20, "cg_tolerance": 0.01, "newton_tolerance": 0.05}
WORK = {  # preset, arguments that override it, engines
    "weak": [("weak", {}, ("laplace", "svi")), ("weak", {"fates": 10}, ("laplace", "svi"))],
    "real": [("real", {}, ("laplace", "svi")), ("real", {"fates": 10}, ("laplace", "svi"))],
    "genome": [("genome", {}, ("laplace", "svi"))],
}


def estimate_and_peak(where: Path, engine: str) -> tuple[float, float]:
    """GB that the preflight says, and that a fit took."""
    files, out = (where / "screen.h5ad", where / "guide_map.csv"), where / engine
    said = check_screen(files[0], Settings.from_mapping({"inference": engine}), files[1])["memory_gb"]["peak"]
    given = [text for key, value in ({"inference": engine} | LOOSE).items() for text in ("--set", f"{key}={value}")]
    fatebias("fit", files[0], "--guides", files[1], "--out", out, "--quiet", *given)
    return said, json.loads((out / "fit_manifest.json").read_text())["peak_memory_gb"]


def rows(which: list[str] | None = None) -> list[Row]:
    found = []
    with tempfile.TemporaryDirectory() as folder:
        for name in which or WORK:
            for preset, sizes, engines in WORK[name]:
                where = Path(folder) / "_".join([preset, *map(str, sizes.values())])
                asked = [text for size, value in sizes.items() for text in (f"--{size}", value)]
                fatebias("simulate", "--preset", preset, *asked, "--seed", 1, "--out", where)
                label = preset + "".join(f", {value} {size}" for size, value in sizes.items())
                for engine in engines:
                    said, peak = estimate_and_peak(where, engine)
                    what = f"{label}, {engine}: estimate ({said:.2f} GB) over peak ({peak:.2f} GB)"
                    found.append(Row(what, said / peak, 1 - WITHIN, 1 + WITHIN))
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("which", nargs="*", help=f"some of {', '.join(WORK)}")
    print_rows(rows(parser.parse_args().which))

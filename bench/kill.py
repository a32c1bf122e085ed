"""kill -9 at random moments: is what a second run leaves what an undisturbed one leaves, byte for byte?

    python bench/kill.py [FOLDER] [--moments 25] [--seed 0] [--only svi laplace certificate export]

Each work runs in a child that is forked once all is imported, and is killed (SIGKILL) at a moment drawn uniformly from
the processor's time that it takes undisturbed; another child then does the same in the same folder. Checkpoints take a
fifth of the time, so that many a kill meets a write. Compared is every file, hidden ones and names too: the manifest
without `created`, `seconds`, `resumed` and `peak_memory_gb`, a unit of the certificate without `seconds`.
"""

import argparse
import json
import math
import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fatebias.base import Settings, checkpoint
from fatebias.certificate import fit_source, planned_units, run_units
from fatebias.results import fit
from fatebias.simulation import simulate_to

SCREEN = {"cells": 600, "genes": 6, "guides_per_gene": 3, "ntc": 4, "days": 2, "concentration": 20}
COMMON = {"threads": 1, "num_posterior_draws": 60, "save_draws": "all"}
SETTINGS = {
    "laplace": COMMON | {"inference": "laplace"},
    "svi": COMMON | {"batch_size": 512, "num_steps": 60},
}
SIZES = {"permutation": 2, "ntc": 1, "bootstrap": 1}
CHECKS = ("permutation", "ntc", "bootstrap")
WRITE_SHARE = 0.2
POLL_SECONDS = 0.001
OF_A_RUN = ("created", "seconds", "resumed", "peak_memory_gb")


@dataclass(frozen=True, kw_only=True)
class Work:
    """What is killed. start: makes the folder that it begins with. run: does it, in that folder."""

    name: str
    start: Callable[[Path], None]
    run: Callable[[Path], object]


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """Of one moment. after: seconds. left: names that the kill left. resumed: places gone on from. differ: files."""

    after: float
    ended: bool
    left: tuple[str, ...]
    resumed: tuple[str, ...]
    differ: tuple[str, ...]


def works_of(folder: Path) -> dict[str, Work]:
    """The four works on a simulated screen in a folder; export writes what one fit has found, over an earlier fit."""
    files = simulate_to(folder / "screen", SCREEN)

    def fit_to(out: Path, engine: str) -> None:
        fit.fit_screen(
            files["screen"], files["guide_map"], out, Settings.from_mapping(SETTINGS[engine]), warn=False
        )  # fmt: skip

    found, infer, known = [], fit.infer, folder / "known"
    fit.infer = lambda *given: found.append(infer(*given)) or found[0]
    fit_to(known, "laplace")

    def export(out: Path) -> None:
        fit.infer = lambda *given: found[0]
        fit_to(out, "laplace")

    fit.infer = infer
    units = planned_units(CHECKS, SIZES)
    made = [
        Work(name="svi", start=Path.mkdir, run=lambda out: fit_to(out, "svi")),
        Work(name="laplace", start=Path.mkdir, run=lambda out: fit_to(out, "laplace")),
        Work(
            name="certificate", start=lambda out: shutil.copytree(known, out),
            run=lambda out: list(run_units(out_dir=out, units=units, **fit_source(out))),
        ),
        Work(name="export", start=lambda out: shutil.copytree(known, out), run=export),
    ]  # fmt: skip
    return {work.name: work for work in made}


def in_child(run: Callable[[], object], kill_after: float = math.inf) -> tuple[bool, float]:
    """Run in a child, killed after so many seconds; whether it came to its end, and the seconds it took, of the
    processor's time.
    """
    child = os.fork()
    if child == 0:
        code = 1
        try:
            checkpoint.LEAST_SECONDS, checkpoint.WRITE_SHARE = 0.0, WRITE_SHARE
            run()
            code = 0
        finally:
            if code:
                sys.excepthook(*sys.exc_info())
            os._exit(code)
    done, clock = 0, ~child << 3 | 2  # that of another process, as Linux numbers them
    while not done:
        if time.clock_gettime(clock) >= kill_after:
            os.kill(child, signal.SIGKILL)
        time.sleep(POLL_SECONDS)
        done, status, used = os.wait4(child, os.WNOHANG)
    if not os.WIFSIGNALED(status) and os.WEXITSTATUS(status):
        raise RuntimeError("The work failed: see above.")
    return not os.WIFSIGNALED(status), used.ru_utime + used.ru_stime


def contents(out: Path) -> dict[str, object]:
    """Every file and folder by name: bytes, or of JSON all but what is about the run itself."""
    found: dict[str, object] = {}
    for path in sorted(out.rglob("*")):
        if path.suffix == ".json":
            whole = json.loads(path.read_text(encoding="utf-8"))
            found[str(path.relative_to(out))] = {name: value for name, value in whole.items() if name not in OF_A_RUN}
        else:
            found[str(path.relative_to(out))] = path.read_bytes() if path.is_file() else "folder"
    return found


def undisturbed(work: Work, folder: Path) -> tuple[dict[str, object], float]:
    """What the work leaves, and the seconds it takes."""
    out = folder / f"{work.name}_whole"
    work.start(out)
    seconds = in_child(lambda: work.run(out))[1]
    return contents(out), seconds


def kill_and_rerun(work: Work, out: Path, after: float, whole: dict[str, object]) -> Outcome:
    """One moment."""
    work.start(out)
    before = contents(out)
    ended = in_child(lambda: work.run(out), after)[0]
    left = tuple(name for name in contents(out) if name not in before)
    in_child(lambda: work.run(out))
    again = contents(out)
    manifest = out / "fit_manifest.json"
    resumed = tuple(one["at"] for one in json.loads(manifest.read_text(encoding="utf-8"))["resumed"])
    differ = tuple(name for name in sorted({*whole, *again}) if whole.get(name) != again.get(name))
    shutil.rmtree(out)
    return Outcome(after=after, ended=ended, left=left, resumed=resumed, differ=differ)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--moments", type=int, default=25)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="+", default=["svi", "laplace", "certificate", "export"])
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="kill-", dir=args.folder))
    works, rng, bad = works_of(folder), np.random.default_rng(args.seed), 0
    print("| work | CPU seconds, undisturbed | kills | before its end | left a checkpoint | gone on with | equal |")
    print("|---|---|---|---|---|---|---|")
    for name in args.only:
        whole, seconds = undisturbed(works[name], folder)
        moments = rng.uniform(0, seconds, args.moments)
        found = [kill_and_rerun(works[name], folder / name, after, whole) for after in moments]
        equal = sum(not one.differ for one in found)
        print(
            f"| {name} | {seconds:.1f} | {len(found)} | {sum(not one.ended for one in found)} "
            f"| {sum(checkpoint.CHECKPOINT in one.left for one in found)} | {sum(bool(one.resumed) for one in found)} "
            f"| {equal} |",
            flush=True,
        )  # fmt: skip
        for one in found:
            if one.differ:
                print(f"DIFFERENT: {name} killed after {one.after:.3f} s: {', '.join(one.differ)}", flush=True)
        bad += len(found) - equal
    shutil.rmtree(folder)
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()

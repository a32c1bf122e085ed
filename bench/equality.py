"""Does a change of the code change what comes out? Every file of many runs, as sha256, and two runs compared.

    python equality.py make FOLDER [--python CMD] [--rscript CMD] [--jobs 2] [--only SCREEN ..]
    python equality.py compare A.json B.json [--allow FILE]

`make` simulates five screens, fits them by both engines and both presets, makes one unit of each check of the
certificate, gives the fits to R (mash of genes and guides, hits), and kills fits with SIGKILL that go on from their
checkpoints (equality_work.py is the list). Files stay in FOLDER, their sha256 in FOLDER.json, without times, paths
and versions (equality_files.py). It uses the command line, exported functions of R, and files, so that any version
can be run: that of PYTHONPATH and R_LIBS. R's own Python is that of --python too.

`compare` prints what differs, with the largest relative difference, and exits with 1 where anything does that no
line of FILE allows (patterns `FILE:PART`, such as `*/fit_manifest.json:files.*`).
"""

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from equality_compare import compare
from equality_files import MANIFEST, digest_folder
from equality_work import BASE, CHECKS, KILLS, SCREENS, Fit, fits_of

HERE = Path(__file__).resolve().parent
CHECKPOINT = "fit_checkpoint.pt"
# one thread everywhere: sums of several threads are not the same to the last bit
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Runner:
    """Runs commands in the folder of a run, so that the paths in its files are the same everywhere."""

    folder: Path
    python: str
    rscript: str

    def command(self, *arguments: object) -> list[str]:
        return [self.python, "-m", "fatebias", *map(str, arguments)]

    def run(self, command: list[str]) -> str:
        """Standard output; a failure ends everything and shows the command's own words."""
        done = subprocess.run(command, cwd=self.folder, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}\n{done.stdout}{done.stderr}")
        return done.stdout

    @property
    def environment(self) -> dict[str, str]:
        return os.environ | ONE_THREAD | {"RETICULATE_PYTHON": shutil.which(self.python) or self.python}

    def run_r(self, *arguments: object) -> str:
        """The R script; its package brings its own Python sources."""
        return self.run([self.rscript, str(HERE / "equality.R"), *map(str, arguments)])


def make_screen(runner: Runner, name: str) -> None:
    """Simulate one screen and look at it."""
    given = [text for key, value in SCREENS[name].items() for text in (f"--{key}", value)]
    runner.run(runner.command("simulate", "--out", f"{name}/screen", *given))
    found = runner.run(runner.command("check", f"{name}/screen/screen.h5ad", "--guides", guide_map_of(name)))
    (runner.folder / name / "screen" / "check.txt").write_text(found, encoding="utf-8")


def guide_map_of(screen: str) -> str:
    return f"{screen}/screen/guide_map.csv"


def fit_command(runner: Runner, screen: str, out: str, settings: Mapping) -> list[str]:
    """The command of a fit."""
    assigned = [text for key, value in (BASE | settings).items() for text in ("--set", f"{key}={value}")]
    return runner.command(
        "fit", f"{screen}/screen/screen.h5ad", "--guides", guide_map_of(screen), "--out", out, "--quiet", *assigned
    )


def make_fit(runner: Runner, screen: str, name: str, fit: Fit) -> None:
    """One fit and what follows from it."""
    out = f"{screen}/{name}"
    runner.run(fit_command(runner, screen, out, fit.settings))
    if fit.certify:
        sizes = [text for unit in ("permutation", "ntc", "bootstrap", "seed") for text in (f"--{unit}s", 1)]
        runner.run(runner.command("certify", out, "--checks", *CHECKS, *sizes))
    if fit.in_r:
        runner.run_r(out, fit.in_r)


def make_killed(runner: Runner, name: str) -> None:
    """One fit whole, and once more, killed when it has written a checkpoint, and gone on with."""
    kill, whole, again = KILLS[name], f"killed/{name}_whole", f"killed/{name}_again"
    runner.run(fit_command(runner, kill.screen, whole, kill.settings))
    command = fit_command(runner, kill.screen, again, kill.settings)
    kill_at_checkpoint(runner, command, runner.folder / again, kill.place)
    runner.run(command)
    resumed = json.loads((runner.folder / again / MANIFEST).read_text(encoding="utf-8"))["resumed"]
    one, other = (digest_folder(runner.folder / out) for out in (whole, again))
    if len(resumed) != 1 or one != other:
        different = [file for file in {*one, *other} if one.get(file) != other.get(file)]
        raise RuntimeError(f"{again} is not {whole}: resumed {resumed}, different {different}")
    print(f"killed/{name}: {len(one)} files equal; went on from {resumed[0]}", flush=True)


def kill_at_checkpoint(runner: Runner, command: list[str], out: Path, place: str) -> None:
    """Start a fit and kill it (SIGKILL) when it has written a checkpoint of a place."""
    with subprocess.Popen(
        command, cwd=runner.folder, env=runner.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        while process.poll() is None and not place_of(out / CHECKPOINT).startswith(place):
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
    left = sorted(path.name for path in out.iterdir())
    if process.returncode != -signal.SIGKILL or MANIFEST in left or CHECKPOINT not in left:
        raise RuntimeError(f"{out} ended before it was killed; give it more work. It holds {left}.")


def place_of(checkpoint: Path) -> str:
    """Where a fit stood when it wrote its checkpoint: `at` of the line of JSON that the file begins with."""
    try:
        with checkpoint.open("rb") as file:
            return json.loads(file.readline())["at"]
    except FileNotFoundError:
        return ""


def make(runner: Runner, screens: Iterable[str], jobs: int) -> None:
    """All files of a run. What takes longest begins first."""
    screens = list(screens)
    with ThreadPoolExecutor(jobs) as pool:
        list(pool.map(lambda name: make_screen(runner, name), screens))
        work = [(make_killed, name) for name, kill in KILLS.items() if kill.screen in screens]
        fits = [(make_fit, screen, name, fit) for screen in screens for name, fit in fits_of(screen).items()]
        work += sorted(fits, key=lambda task: task[1] != "real" and not task[3].certify)
        running = [pool.submit(timed, runner, *task) for task in work]
        try:
            for one in running:
                one.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def timed(runner: Runner, function, *arguments) -> None:
    start = time.perf_counter()
    function(runner, *arguments)
    names = "/".join(one for one in arguments if isinstance(one, str))
    print(f"{function.__name__} {names}: {time.perf_counter() - start:.1f} s", flush=True)


def whose(runner: Runner) -> dict[str, str]:
    """Where the two packages lie that a run was made with."""
    python = runner.run([runner.python, "-c", "import fatebias; print(fatebias.__path__[0])"])
    r = runner.run([runner.rscript, "-e", "cat(find.package('fatebias'))"])
    return {"python": python.strip(), "r": r.strip()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("make")
    one.add_argument("folder", type=Path)
    one.add_argument("--python", default=sys.executable)
    one.add_argument("--rscript", default="Rscript")
    one.add_argument("--jobs", type=int, default=2, help="processes at a time, of one thread each (default 2)")
    one.add_argument("--only", nargs="+", choices=SCREENS, default=list(SCREENS))
    one = commands.add_parser("compare")
    one.add_argument("one", type=Path)
    one.add_argument("other", type=Path)
    one.add_argument("--allow", type=Path)
    args = parser.parse_args()
    if args.command == "compare":
        sys.exit(1 if compare(args.one, args.other, args.allow) else 0)
    folder = args.folder.resolve()
    folder.mkdir(parents=True)  # of its own: files of an earlier run would be taken for those of this one
    runner, start = Runner(folder, args.python, args.rscript), time.perf_counter()
    made_with = whose(runner)
    print(f"{made_with['python']}, {made_with['r']}", flush=True)
    make(runner, args.only, args.jobs)
    found = {"folder": folder.name, "made_with": made_with, "sha256": digest_folder(folder)}
    path = folder.with_name(f"{folder.name}.json")
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"{len(found['sha256'])} files, {time.perf_counter() - start:.0f} s: {path}")


if __name__ == "__main__":
    main()

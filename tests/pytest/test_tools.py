"""Set-up and test runner: what counts, what is found missing, which system package a pattern means."""

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ROOT / "tools"


def run_bash(script: str, **environment) -> subprocess.CompletedProcess:
    prelude = "set -euo pipefail; source tools/env.sh; source tools/setup_system.sh\n"
    return subprocess.run(
        ["bash", "-c", prelude + script], cwd=ROOT, capture_output=True, text=True, env=os.environ | environment
    )


def check_python(folder: Path, lock: Path) -> list[str]:
    command = [sys.executable, "-I", TOOLS / "check_python.py", folder, lock]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


# ---- the environment --------------------------------------------------------------------------------------


def test_the_environment_answers_the_pins():
    assert check_python(ROOT / "inst/python", ROOT / "inst/python/requirements.lock") == []


def test_the_lock_pins_everything_that_the_package_needs():
    project = tomllib.loads((ROOT / "inst/python/pyproject.toml").read_text())["project"]
    pins = (ROOT / "inst/python/requirements.lock").read_text().lower()
    names = [name.split(">=")[0].lower() for name in project["dependencies"]]
    assert [name for name in names if f"\n{name}==" not in pins] == []


@pytest.mark.parametrize(
    ("pin", "finding"),
    [("numpy==0.0.1", "numpy 0.0.1 (found: "), ("no-such-thing==1", "no-such-thing 1 (found: None)")],
)
def test_other_versions_and_absent_packages_are_named(tmp_path, pin, finding):
    lock = tmp_path / "a.lock"
    lock.write_text(f"# comment\n{pin}\n")
    lines = check_python(ROOT / "inst/python", lock)
    assert len(lines) == 1
    assert lines[0].startswith(finding)


def test_an_environment_of_another_clone_is_noticed(tmp_path):
    (tmp_path / "a.lock").write_text("")
    (line,) = check_python(tmp_path, tmp_path / "a.lock")
    assert line.startswith(f"fatebias from {tmp_path}")


def test_a_python_that_is_not_there_is_refused():
    assert run_bash("find_python", FATEBIAS_PYTHON="/nonexistent").returncode != 0


def test_where_set_up_is_not_wanted_nothing_is_done_and_the_python_on_the_path_is_used(tmp_path):
    (tmp_path / "python").symlink_to(sys.executable)
    path = f"{tmp_path}:{os.environ['PATH']}"
    done = run_bash("bash tools/setup.sh; echo $RETICULATE_PYTHON", FATEBIAS_SETUP="no", PATH=path)
    assert done.returncode == 0
    assert Path(done.stdout.strip()).resolve() == Path(sys.executable).resolve()


@pytest.mark.parametrize(("needs", "missing"), [("", []), ("site", ["nosuch"]), ("site,cover", ["nosuch", "nowhere"])])
def test_r_packages_for_other_purposes_are_wanted_only_when_asked_for(tmp_path, needs, missing):
    fields = "Package: a\nImports: stats\nConfig/Needs/site: nosuch\nConfig/Needs/cover: nowhere (>= 1.0)\n"
    (tmp_path / "DESCRIPTION").write_text(fields)
    command = f"Rscript --no-save tools/setup_packages.R missing {tmp_path}/DESCRIPTION"
    assert run_bash(command, FATEBIAS_NEEDS=needs).stdout.split() == missing


# ---- the system -------------------------------------------------------------------------------------------

APT = """
apt-cache() { printf '%s\\n' libgit2-1.5 libgit2-1.9 libgit2-dev libuv1t64 libuv1-dev; }
dpkg-query() { printf 'ii  %s\\n' libgsl27; printf 'rc  %s\\n' libzmq5; }
"""


def test_patterns_become_the_newest_name_that_apt_knows():
    done = run_bash(APT + "apt_resolve 'libgsl[0-9]+' 'libgit2-[0-9.]+' libuv1 libzmq5")
    assert done.stdout.split() == ["libgit2-1.9", "libuv1t64", "?libzmq5"]


def test_without_rights_all_that_is_missing_is_listed_and_nothing_is_installed():
    script = """
    can_apt() { return 1; }; apt_get() { echo installed; }
    missing_programs() { echo R; echo pandoc; }
    ensure_system; echo went on
    """
    done = run_bash(script)
    assert done.returncode == 1
    assert done.stdout == ""
    assert [line[:9] for line in done.stderr.splitlines() if line.startswith("  - ")] == ["  - R 4.2", "  - pando"]


def test_version_order_is_by_number():
    assert run_bash("at_least 4.2 4.10").returncode == 0
    assert run_bash("at_least 4.2 4.1.3").returncode != 0


# ---- the count --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("suite", "counted"),
    [
        ('echo "3 0 1" >"$1"', "3 0 1"),
        ('echo "3 2 0" >"$1"; return 1', "3 2 0"),
        ('echo "3 0 0" >"$1"; return 1', "3 1 0"),  # ended badly after its count
        ('echo "0 0 0" >"$1"', "0 1 0"),  # ran nothing
        ("return 139", "0 1 0"),  # crashed before its count
    ],
)
def test_a_part_that_crashes_or_runs_nothing_counts_as_a_failure(suite, counted):
    functions = (TOOLS / "run_tests.sh").read_text().split("# ---- all")[0].split("# ---- counting")[1]
    script = f"""
    set +e; WORK=$(mktemp -d); PASSED=0 FAILED=0 SKIPPED=0 TIMES=
    # ---- counting{functions}
    part() {{ {suite}; }}
    run_suite name part >/dev/null; rm -r "$WORK"; echo $PASSED $FAILED $SKIPPED
    """
    assert run_bash(script).stdout.strip() == counted


@pytest.mark.parametrize(
    ("start", "counted"),
    [
        ('echo "needs root"', "0 0 1"),  # said so before anything was tried
        ('[ "$1" = --why-not ] || exit 1', "0 1 0"),  # could run, and did not come up
    ],
)
def test_a_machine_that_cannot_run_slurm_skips_and_one_that_fails_to_fails(tmp_path, start, counted):
    text = (TOOLS / "run_tests.sh").read_text()
    functions = text.split("# ---- all")[0].split("# ---- parts")[1]
    fake = tmp_path / "tests/slurm/start"
    fake.parent.mkdir(parents=True)
    fake.write_text(f"#!/bin/sh\n{start}\n")
    fake.chmod(0o755)
    script = f"""
    set +e; cd {tmp_path}; WORK={tmp_path} SLURM={tmp_path}/slurm PASSED=0 FAILED=0 SKIPPED=0 TIMES=
    # ---- parts{functions}
    run_slurm >/dev/null 2>&1; echo $PASSED $FAILED $SKIPPED
    """
    assert run_bash(script).stdout.strip() == counted


@pytest.mark.parametrize(
    ("blas", "counted"),
    [
        ("echo 'Core: Zen' >&2", "0 0 1"),  # of one processor, or told in vain
        ("true", "0 0 1"),  # no OpenBLAS
        ("echo 'Core: Prescott' >&2", "0 1 0"),  # could run, and gave no count
    ],
)
def test_numbers_run_again_where_openblas_takes_another_core_and_are_skipped_elsewhere(tmp_path, blas, counted):
    functions = (TOOLS / "run_tests.sh").read_text().split("# ---- all")[0].split("# ---- parts")[1]
    script = f"""
    set +e; WORK={tmp_path} PASSED=0 FAILED=0 SKIPPED=0 TIMES=
    # ---- parts{functions}
    Rscript() {{ [ "$OPENBLAS_CORETYPE $OPENBLAS_NUM_THREADS" = "Prescott 1" ] && {blas}; }}
    run_numbers >/dev/null 2>&1; echo $PASSED $FAILED $SKIPPED
    """
    assert run_bash(script).stdout.strip() == counted


@pytest.mark.parametrize(
    ("lane", "counted"),
    [
        ("add_counts 3 1 2; TIMES='  pytest 7 s'", "4 1 2 testthat 1 s pytest 7 s"),
        ("exit 7", "1 1 0 testthat 1 s"),  # crashed before its count
    ],
)
def test_what_a_lane_counts_is_added_and_one_that_crashes_is_a_failure(tmp_path, lane, counted):
    functions = (TOOLS / "run_tests.sh").read_text().split("# ---- all")[0].split("# ---- counting")[1]
    script = f"""
    set +e; WORK={tmp_path} PASSED=0 FAILED=0 SKIPPED=0 TIMES=
    # ---- counting{functions}
    run_lane() {{ {lane}; }}
    run_r() {{ add_counts 1 0 0; TIMES="  testthat 1 s"; }}
    run_slurm() {{ :; }}
    run_all >/dev/null; echo $PASSED $FAILED $SKIPPED $TIMES
    """
    assert run_bash(script).stdout.strip() == counted


@pytest.mark.parametrize(
    ("version", "counted", "said"),
    [
        ("one | 9.9 | newest |", "0 0 1", "one is not tested: it needs Python 9.9, and there is none here"),
        ("two | {own} | nonsense |", "0 1 0", "two cannot be installed"),
    ],
)
def test_versions_that_cannot_be_tested_are_told_and_counted(tmp_path, version, counted, said):
    path = f"{Path(sys.base_prefix) / 'bin'}:{os.environ['PATH']}"
    version = version.format(own="{}.{}".format(*sys.version_info))
    done = run_bash(f"bash tools/test_versions.sh {tmp_path}/n", FATEBIAS_VERSIONS=version, PATH=path)
    assert done.returncode != 0
    assert f"versions: {said}\n" in done.stdout
    assert (tmp_path / "n").read_text() == f"{counted}\n"


def test_counts_of_pytest_come_from_its_own_report(tmp_path):
    (tmp_path / "test_a.py").write_text(
        "import pytest\n"
        "def test_good(): pass\n"
        "def test_bad(): assert False\n"
        "@pytest.fixture\ndef broken(): raise ValueError\n"
        "def test_error(broken): pass\n"
        "@pytest.mark.skip\ndef test_skip(): pass\n"
    )
    command = [sys.executable, "-m", "pytest", "-p", "tools.count_pytest", "--rootdir", tmp_path, tmp_path]
    subprocess.run([*command, "--count-file", tmp_path / "n"], cwd=ROOT, capture_output=True)
    assert (tmp_path / "n").read_text() == "1 2 1\n"


# ---- R CMD check ------------------------------------------------------------------------------------------

FAKE_R = """#!/bin/sh
echo "$2 $*" >>"$CALLS"
case "$2" in
  build) touch fatebias_0.tar.gz ;;
  check) mkdir fatebias.Rcheck; echo "Status: $STATUS" >fatebias.Rcheck/00check.log; exit "$CODE" ;;
esac
"""


@pytest.mark.parametrize(
    ("status", "code", "passes"),
    [("OK", 0, True), ("2 NOTEs", 0, True), ("1 WARNING, 2 NOTEs", 0, False), ("1 ERROR", 1, False)],
)
def test_a_check_with_a_warning_or_an_error_fails(tmp_path, status, code, passes):
    (tmp_path / "R").write_text(FAKE_R)
    (tmp_path / "R").chmod(0o755)
    path = f"{tmp_path}:{os.environ['PATH']}"
    settings = {"PATH": path, "STATUS": status, "CODE": str(code), "CALLS": str(tmp_path / "calls")}
    done = run_bash("bash tools/run_check.sh package", TMPDIR=str(tmp_path), **settings)
    assert (done.returncode == 0) is passes
    assert "--no-tests" in (tmp_path / "calls").read_text()
    left = list(tmp_path.glob("tmp.*"))
    assert bool(left) is not passes  # kept for a look when something is wrong


# ---- `python -m fatebias` in a clone ------------------------------------------------------------------------


def launch(clone: Path, *arguments: str) -> subprocess.CompletedProcess:
    """By a Python that has no packages at all, as the one of a system may."""
    command = [sys.executable, "-S", "-m", "fatebias", *arguments]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(command, cwd=clone, capture_output=True, text=True, env=environment)


def test_at_the_top_of_a_clone_any_python_hands_over_to_that_of_set_up(tmp_path):
    shutil.copytree(ROOT / "fatebias", tmp_path / "fatebias")
    found = launch(tmp_path)
    assert found.returncode == 1 and "make setup" in found.stderr
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nprintf "%s|" "$@"\nexit 3\n')
    python.chmod(0o755)
    found = launch(tmp_path, "check", "a file.h5ad")
    assert (found.stdout, found.returncode) == ("-P|-m|fatebias|check|a file.h5ad|", 3)


@pytest.mark.parametrize("folder", [".", "docs", "inst/python", "/"])
def test_where_a_python_has_the_package_the_launcher_is_never_in_its_place(folder):
    code = "import fatebias; print(fatebias.__file__)"
    environment = os.environ | {"PYTHONPATH": str(ROOT / "inst/python")}  # as an editable installation
    command = [sys.executable, "-c", code]
    found = subprocess.run(command, cwd=ROOT / folder, capture_output=True, text=True, env=environment, check=True)
    assert Path(found.stdout.strip()) == ROOT / "inst/python/fatebias/__init__.py"


def test_an_editable_installation_is_a_folder_on_the_path():
    project = tomllib.loads((ROOT / "inst/python/pyproject.toml").read_text())
    assert project["tool"]["setuptools"]["package-dir"] == {"": "."}
    assert not (ROOT / "fatebias/__init__.py").exists()

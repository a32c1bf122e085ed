"""What the clone says of itself: versions, citation, workflows, recipes of containers. Each fact in one form."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml

import fatebias

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yaml"))
PROJECT = tomllib.loads((ROOT / "inst/python/pyproject.toml").read_text())["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text())

sys.path.insert(0, str(ROOT / "tools"))
from install_python import arguments, lower_bounds, reading_needs  # noqa: E402


def description_field(name: str) -> str:
    """A field of DESCRIPTION, its lines joined."""
    found = re.search(rf"^{name}:((?:.*\n)(?:\s.*\n)*)", (ROOT / "DESCRIPTION").read_text(), re.MULTILINE)
    return " ".join(found[1].split())


# ---- versions and citation --------------------------------------------------------------------------------


def test_one_version_number_stands_at_the_four_places():
    versions = {description_field("Version"), PROJECT["version"], str(CITATION["version"]), fatebias.__version__}
    assert len(versions) == 1
    assert (ROOT / "NEWS.md").read_text().startswith(f"# fatebias {versions.pop()}\n")


def test_both_citations_name_the_same_work():
    text = (ROOT / "inst/CITATION").read_text()
    assert CITATION["title"] == f"fatebias: {description_field('Title')}"
    assert f'title = "{CITATION["title"]}"' in text
    assert [author["name"] for author in CITATION["authors"]] == re.findall(r'person\("([^"]+)"\)', text)[:1]
    assert description_field("License").startswith(CITATION["license"])


def test_both_citations_name_the_same_methods():
    text = (ROOT / "inst/CITATION").read_text()
    titles = re.findall(r'"Article",\s+title = "([^"]+)"', text)
    assert [one["title"] for one in CITATION["references"]] == titles
    assert [one["doi"] for one in CITATION["references"] if "doi" in one] == re.findall(r'doi = "([^"]+)"', text)


# ---- workflows --------------------------------------------------------------------------------------------


def steps_of(path: Path) -> list[dict]:
    jobs = yaml.safe_load(path.read_text())["jobs"]
    return [step for job in jobs.values() for step in job["steps"]]


def matrix_of(name: str) -> list[dict]:
    (job,) = yaml.safe_load((ROOT / ".github/workflows" / name).read_text())["jobs"].values()
    return job["strategy"]["matrix"]["include"]


def make_targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text(), re.MULTILINE))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_a_workflow_runs_is_a_command_of_the_clone(path):
    commands = [step["run"] for step in steps_of(path) if "run" in step]
    targets = [re.fullmatch(r"make ([a-z-]+)( [A-Z]+=\$\{\{ [a-z.]+ \}\})?", command) for command in commands]
    assert None not in targets
    assert targets
    assert {target[1] for target in targets} <= make_targets()


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_an_action_is_taken_by_its_version_tag(path):
    uses = [step["uses"] for step in steps_of(path) if "uses" in step]
    assert [one for one in uses if not re.fullmatch(r"[\w.-]+(/[\w.-]+)+@v\d+(\.\d+)*", one)] == []


def test_r_is_checked_on_three_systems_and_two_releases():
    runs = {(run["os"].split("-")[0], run["r"]) for run in matrix_of("R-CMD-check.yaml")}
    both = {(system, release) for system in ("ubuntu", "macos", "windows") for release in ("release", "oldrel-1")}
    assert both <= runs


def test_python_is_tested_from_the_least_version_on_and_at_both_ends_of_the_ranges(tmp_path):
    runs = matrix_of("test-python.yaml")
    versions = sorted({run["python"] for run in runs})
    assert versions == ["3.11", "3.12", "3.13"]
    assert PROJECT["requires-python"] == f">={versions[0]}"
    assert {"oldest", "pre"} <= {run["deps"] for run in runs}
    assert ("3.11", "oldest") in {(run["python"], run["deps"]) for run in runs}
    for run in runs:
        assert arguments(run["deps"], tmp_path / "constraints.txt")


def test_every_command_of_the_makefile_is_in_its_help():
    phony = re.search(r"\.PHONY:((?:.*\\\n)*.*)", (ROOT / "Makefile").read_text())[1].replace("\\\n", " ").split()
    assert set(phony) == make_targets()


# ---- lower bounds -----------------------------------------------------------------------------------------


def test_the_oldest_versions_are_the_lower_bounds_of_all_that_the_package_needs(tmp_path):
    arguments("oldest", constraints := tmp_path / "constraints.txt")
    pins = dict(line.split("==") for line in constraints.read_text().splitlines())
    assert pins == dict(need.split(",")[0].split(">=") for need in PROJECT["dependencies"])
    assert len(pins) > 5


@pytest.mark.parametrize("need", ["numpy", "numpy<3", "numpy>=1,!=2", "numpy~=1.2"])
def test_a_dependency_without_a_lower_bound_first_is_refused(tmp_path, need):
    project = tmp_path / "pyproject.toml"
    project.write_text(f'[project]\ndependencies = ["scipy>=1.2", "{need}"]\n')
    with pytest.raises(SystemExit, match=re.escape(need)):
        lower_bounds(project)


def test_reading_needs_no_torch_and_at_least_what_the_package_says():
    oldest, newest = reading_needs("oldest"), reading_needs("newest")
    assert {"anndata==0.11", "numpy==1.26"} <= set(oldest) and "anndata>=0.11,<0.14" in newest
    assert [need for need in oldest + newest if need.startswith(("torch", "pyro"))] == []
    assert len(oldest) == len(newest) == len(PROJECT["dependencies"]) - 2 + 3  # pytest, hypothesis, hdf5plugin


# ---- containers -------------------------------------------------------------------------------------------


def recipe_script(recipe: Path) -> list[str]:
    """The commands that tools/container/try_in_chroot.sh takes from a recipe."""
    text = (ROOT / "tools/container/try_in_chroot.sh").read_text()
    functions = text.split("# ---- what the recipe says")[1].split("# ---- a bare system")[0]
    done = subprocess.run(["bash", "-c", f"# {functions}\nrecipe_script {recipe}"], capture_output=True, text=True)
    return [line.strip() for line in done.stdout.splitlines() if line.strip()]


def test_both_recipes_do_the_same_on_the_same_system():
    docker, apptainer = (ROOT / "tools/container" / name for name in ("Dockerfile", "fatebias.def"))
    assert sorted(recipe_script(docker)) == sorted(recipe_script(apptainer))
    assert len(recipe_script(docker)) == 3
    base = re.search(r"^FROM (\S+)$", docker.read_text(), re.MULTILINE)[1]
    assert f"From: {base}\n" in apptainer.read_text()
    assert "COPY . /opt/fatebias\n" in docker.read_text()
    assert "    . /opt/fatebias\n" in apptainer.read_text()


def test_what_a_recipe_runs_is_in_the_clone(tmp_path):
    scripts = [line.split()[1] for line in recipe_script(ROOT / "tools/container/Dockerfile") if "bash" in line]
    assert [Path(script).name for script in scripts] == ["install.sh", "check.sh"]
    assert all((ROOT / Path(script).relative_to("/opt/fatebias")).is_file() for script in scripts)
    (tmp_path / "recipe").write_text("RUN true\n")
    assert recipe_script(tmp_path / "recipe") == []  # of no known kind

"""The command line as a process: files and exit codes."""

import json
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import torch

from fatebias import results
from fatebias.__main__ import main
from fatebias.base import count_gpus, gpu_memory
from fatebias.base.out_dir import MANIFEST
from fatebias.commands import COMMANDS
from fatebias.preflight import check as checks
from fatebias.results.files import describe_contents


def run(*arguments):
    return subprocess.run([sys.executable, "-m", "fatebias", *map(str, arguments)], capture_output=True, text=True)


@pytest.fixture(scope="module")
def screen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("cli")
    main(["simulate", "--out", str(folder), "--cells", "500", "--genes", "5", "--guides-per-gene", "3", "--days", "2"])
    return folder


QUICK = ("--set", "likelihood_weight=7", "--set", "inference=laplace", "--quiet")


def test_fit_writes_its_files_and_says_where(screen):
    done = run("fit", screen / "screen.h5ad", "--guides", screen / "guide_map.csv", "--out", screen / "results", *QUICK)
    assert done.returncode == 0, done.stderr
    assert "19 files in" in done.stdout and (screen / "results" / "fit_manifest.json").is_file()


def test_fit_writes_tables_of_the_contrasts_asked_for(screen, tmp_path):
    files = [screen / "screen.h5ad", "--guides", screen / "guide_map.csv", "--out", tmp_path, *QUICK]
    done = run("fit", *files, "--contrast", "NEU - rest", "--contrast", "NEU")
    assert done.returncode == 0, done.stderr
    tables = {path.name for path in tmp_path.glob("gene_daywise_likelihood*.csv")}
    assert tables == {f"gene_daywise_likelihood{label}.csv" for label in ("", ".NEU-rest", ".NEU")}
    refused = run("fit", *files, "--contrast", "NEW")
    assert refused.returncode == 1 and "`contrasts: NEW` must be one of the fates" in refused.stderr
    by_settings = run("fit", *files, "--set", "contrasts=[NEU - MES]")
    assert by_settings.returncode == 0, by_settings.stderr
    tables = {path.name for path in tmp_path.glob("gene_daywise_likelihood*.csv")}
    assert tables == {"gene_daywise_likelihood.NEU-MES.csv", "gene_daywise_likelihood.csv"}


def test_a_known_error_is_one_message_and_no_file(screen, tmp_path):
    done = run("fit", screen / "screen.h5ad", "--guides", tmp_path / "none.csv", "--out", tmp_path / "out")
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert done.stderr.startswith("Error (screen): The guide map") and list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    ("assignment", "said"),
    [("Kmaxx=3", "the nearest one is `Kmax`"), ("Kmax=0", ">= 1"), ("Kmax", "key=value")],
)
def test_bad_settings(screen, tmp_path, capsys, assignment, said):
    with pytest.raises(SystemExit) as caught:
        main(["fit", str(screen / "screen.h5ad"), "--guides", str(screen / "guide_map.csv"), "--out", str(tmp_path),
              "--set", assignment])  # fmt: skip
    assert caught.value.code == 1 and said in capsys.readouterr().err


def corrupt_qc(monkeypatch):
    def assess(out_dir, settings):
        name = f"{out_dir}/qc_delta_mean_by_gene.csv"
        table = pd.read_csv(name)
        table.loc[0, "delta_mean_gene"] = 0.5
        table.to_csv(name, index=False)
        manifest = json.loads(Path(out_dir, MANIFEST).read_text())  # as if the fit had written it so
        manifest["contents"] |= describe_contents(Path(out_dir), [Path(name).name])
        Path(out_dir, MANIFEST).write_text(json.dumps(manifest))
        return original(out_dir, settings)

    original = results.assess_qc
    monkeypatch.setattr(results, "assess_qc", assess)


@pytest.mark.parametrize(("mode", "code"), [("simulation", 1), ("real", None)])
def test_a_violated_qc_is_an_error_in_simulation_mode_and_a_warning_otherwise(
    screen, tmp_path, monkeypatch, capsys, mode, code
):
    corrupt_qc(monkeypatch)
    command = ["fit", str(screen / "screen.h5ad"), "--guides", str(screen / "guide_map.csv"), "--out", str(tmp_path),
               *QUICK, "--set", f"mode={mode}"]  # fmt: skip
    if code:
        with pytest.raises(SystemExit) as caught:
            main(command)
        assert caught.value.code == code
    else:
        main(command)
    said = capsys.readouterr().err
    assert ("Error (qc)" if code else "Warning") in said and "delta_mean is violated" in said
    assert (tmp_path / "fit_manifest.json").is_file()


def test_help_needs_no_arguments(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--help"])
    assert caught.value.code == 0 and "simulate" in capsys.readouterr().out


def test_check_prints_findings_and_lines_for_the_configuration(screen):
    good = run("check", screen / "screen.h5ad", "--guides", screen / "guide_map.csv")
    assert good.returncode == 0 and "problem" not in good.stdout
    blocked = run("check", screen / "screen.h5ad", "--guides", screen / "guide_map.csv", "--out", screen / "truth.csv")
    assert blocked.returncode == 1 and "problem  Results folder: Cannot write to `out_dir`" in blocked.stdout
    other = run("check", screen / "screen.h5ad", "--guides", screen / "guide_map.csv", "--set", "day_key=time")
    assert other.returncode == 1 and other.stderr == ""
    assert "problem  Days: no obs['time']" in other.stdout and other.stdout.endswith('config.yaml:\nday_key: "day"\n')


def test_check_refuses_a_gpu_that_a_fit_would_not_find(screen, monkeypatch, capsys):
    files = ["check", str(screen / "screen.h5ad"), "--guides", str(screen / "guide_map.csv"), "--set", "device=cuda"]
    for gpus, code in ((0, 1), (1, 0)):
        monkeypatch.setattr(checks, "count_gpus", lambda n=gpus: n)
        with pytest.raises(SystemExit) as caught:
            main(files)
        assert caught.value.code == code
        assert ("problem  Device: device: cuda" in capsys.readouterr().out) == bool(code)


def test_what_is_named_but_empty_is_refused_by_check_as_by_a_fit(screen, tmp_path):
    files = ["--guides", screen / "guide_map.csv"]
    for command in (["check"], ["fit", "--out", tmp_path / "out"]):
        done = run(*command, screen / "screen.h5ad", *files, "--config", "")
        assert done.returncode == 1 and "Error (settings): Cannot read the configuration file" in done.stderr


def test_gpus_are_those_that_torch_finds():
    assert count_gpus() == torch.cuda.device_count()
    if count_gpus():
        assert gpu_memory().bytes == pytest.approx(torch.cuda.get_device_properties(0).total_memory, rel=0.02)
    else:
        assert gpu_memory() is None


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], *([command, "--help"] for command in COMMANDS)])
def test_help_and_version_start_no_torch(arguments):
    code = f"""
import sys
from fatebias.__main__ import main
try:
    main({arguments!r})
except SystemExit:
    print("torch" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False" and len(done.stdout.splitlines()) > 1


@pytest.mark.parametrize("wing", ["results", "certificate"])
def test_what_fits_and_certifies_imports_no_scipy_stats(wing):
    """It takes as long to import as a fifth of all else, and scipy.special has the same functions."""
    code = f"import sys, fatebias.{wing}; print([name for name in sys.modules if name.startswith('scipy.stats')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

"""The ranking that R makes of a fit."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from fitted_screen import QUICK, copy_of

import fatebias
from fatebias.base.out_dir import MADE_FROM
from fatebias.results.manifest import fit_id
from fatebias.results.ranking import rank_line


def test_a_ranking_is_read_where_it_is_of_this_fit(fitted, tmp_path):
    fit = fatebias.load(copy_of(fitted, tmp_path / "fit"))
    path = fit.out_dir / "hits_ranked.csv"
    path.write_text("gene,lfsr_min\n'=A1,0.01\nnan,0.2\n")
    for identity, known in (("f" * 16, False), (fit_id(fit.manifest), True)):
        entry = {"fit_id": identity, "bytes": path.stat().st_size, "sha256": digest(path)}
        (fit.out_dir / MADE_FROM).write_text(json.dumps({path.name: entry}))
        if known:
            assert fit.hits.gene.tolist() == ["=A1", "nan"]
        else:
            with pytest.raises(fatebias.ExportError, match="Rscript -e 'library"):
                _ = fit.hits
    path.write_text("gene,lfsr_min\nB,0.01\n")
    with pytest.raises(fatebias.ExportError, match="changed since R wrote it"):
        _ = fit.hits


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def has_r() -> bool:
    if shutil.which("Rscript") is None:
        return False
    asked = "quit(status = !requireNamespace('fatebias', quietly = TRUE))"
    return subprocess.run(["Rscript", "-e", asked], capture_output=True).returncode == 0


def test_the_line_that_ranks_is_right(screen, tmp_path):
    if not has_r():
        pytest.skip("needs the R package")
    fit = fatebias.fit(screen, out_dir=tmp_path / "a colleague's fit", **QUICK)
    line = str(pytest.raises(fatebias.ExportError, lambda: fit.hits).value).splitlines()[1]
    assert line == rank_line(fit.out_dir)
    done = subprocess.run(line, shell=True, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert sorted(fit.hits.gene) == sorted(set(fit.genes.gene))

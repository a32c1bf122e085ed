"""What a check costs: memory by cells, and no library that it can do without."""

import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

from fatebias.containers import write_screen

CELLS, GUIDES, CARRIED = 300_000, 300, 5
BYTES = 200  # a cell with five guides, three fates and a name: 56 + 24 as they are kept, and as much again in passing
CHECK = """
import json, resource, sys
from fatebias.base import Settings
from fatebias.preflight import check_screen
def peak():
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before = peak()
found = check_screen(sys.argv[1], Settings.from_mapping({}), sys.argv[2])
print(json.dumps({"ok": found["ok"], "bytes": peak() - before, "anndata": "anndata" in sys.modules}))
"""


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the unit of the peak of memory is Linux's")
def test_a_check_takes_few_bytes_a_cell_and_does_not_import_anndata(tmp_path):
    rng = np.random.default_rng(0)
    rows = np.repeat(np.arange(CELLS), CARRIED)
    guides = sp.csr_matrix((np.ones(CELLS * CARRIED), (rows, rng.integers(0, GUIDES, CELLS * CARRIED))))
    guides.data[:] = 1
    names = [f"G{k // 4}_{k}" if k < GUIDES - 20 else f"NTC_{k}" for k in range(GUIDES)]
    genes = [name.split("_")[0] for name in names]
    table = pd.DataFrame({"guide_name": names, "gene_name": genes, "is_ntc": [int(gene == "NTC") for gene in genes]})
    table.to_csv(tmp_path / "map.csv", index=False)
    write_screen(
        tmp_path / "s.h5ad", guides, names, rng.dirichlet(np.ones(3), CELLS), ["EC", "MES", "NEU"],
        np.array(["d0", "d1"])[rng.integers(0, 2, CELLS)], np.array(["r1", "r2"])[rng.integers(0, 2, CELLS)],
        [f"{i:016d}-1" for i in range(CELLS)],
    )  # fmt: skip
    command = [sys.executable, "-c", CHECK, str(tmp_path / "s.h5ad"), str(tmp_path / "map.csv")]
    found = json.loads(subprocess.run(command, capture_output=True, check=True, text=True).stdout)
    assert found["ok"] and not found["anndata"]
    assert found["bytes"] < BYTES * CELLS

"""Labels that do not vary from cell to cell are refused before a fit, in the words of the preflight."""

import numpy as np
import pandas as pd
import pytest
from written_screen import FATES, NAMES, guide_map, parts, read, screen

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.preflight.check import check_screen
from fatebias.results.fit import fit_screen
from fatebias.screens.counts import count_cells
from fatebias.screens.variation import refuse_unvaried


def written(folder, probs):
    adata = screen()
    adata.obsm["fateprob"] = pd.DataFrame(probs, columns=list(FATES), index=NAMES)
    adata.write_h5ad(folder / "s.h5ad")
    return folder / "s.h5ad"


def refused(path, **settings):
    """What a fit and the preflight say, without the name of the file."""
    given, chosen = guide_map(path.parent), Settings.from_mapping(settings)
    with pytest.raises(ScreenError) as error:
        fit_screen(path, given, path.parent / "out", chosen)
    rows = check_screen(path, chosen, given)["rows"]
    said = next(row["found"] for row in rows if row["status"] == "problem")
    assert said.removeprefix("the screen: ") == str(error.value).removeprefix(f"{path}: ")
    assert list((path.parent / "out").iterdir()) == []
    return said


@pytest.mark.parametrize("weight", ["auto_by_day", "auto", 1.0])
def test_the_same_probabilities_in_all_cells_are_refused(tmp_path, weight):
    path = written(tmp_path, np.tile([0.2, 0.5, 0.3], (len(NAMES), 1)))
    said = refused(path, likelihood_weight=weight)
    assert "all usable cells of d0, d1, d2 have the same fate probabilities, which tell nothing of guides" in said


def test_a_day_without_variation_has_no_weight_of_its_own(tmp_path):
    p = parts()
    path = written(tmp_path, np.where((p["day"] == "d0")[:, None], [1.0, 0.0, 0.0], p["probs"]))
    said = refused(path)
    assert "all usable cells of d0 have the same fate probabilities" in said and "likelihood_weight: auto`" in said
    for weight in ("auto", 1.0):
        settings = Settings.from_mapping({"likelihood_weight": weight})
        made = read(path, likelihood_weight=weight)
        refuse_unvaried(made, count_cells([made], "MES").spread, settings, "s")

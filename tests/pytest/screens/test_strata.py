"""Strata of cells that are alike but for their guides."""

import numpy as np

from fatebias.screens.strata import LEAST_CELLS, burden_strata


def test_strata_split_days_replicates_and_burdens_but_for_rare_ones(small_screen):
    stratum = burden_strata(small_screen)
    for one in np.unique(stratum):
        cells = stratum == one
        assert len(set(zip(small_screen.day[cells], small_screen.replicate[cells]))) == 1
        burdens = np.unique(small_screen.burden[cells])
        assert cells.sum() >= LEAST_CELLS
        assert len(burdens) == 1 or (np.bincount(small_screen.burden[cells].astype(int)) < LEAST_CELLS).any()
    frequent = small_screen.burden == 3
    assert len(np.unique(stratum[frequent])) == small_screen.n_days * small_screen.n_replicates

"""What a certificate is made from: a screen with its fit, and what all checks of the fit's own estimates share."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ..base import Settings
from ..laplace import AllFates, Baseline, Estimates, LaplaceOptions, SolvedEstimates, estimates_of, solve_estimates
from ..results import read_archive
from ..screens import GuideMap, RawCells, Screen, contrast_weights, usable_cells


@dataclass(frozen=True, kw_only=True)
class Source:
    """Cells and guide map as read, the screen of both, settings, and the screen's baseline.

    columns: what the file says of the screen's cells beside what the model has, one column a name [N rows].
    fit: folder of the fit whose baseline this is; None where it was made again.
    """

    cells: RawCells
    guide_map: GuideMap
    screen: Screen
    settings: Settings
    baseline: Baseline
    where: str
    columns: pd.DataFrame = field(default_factory=pd.DataFrame)
    fit: Path | None = None

    @property
    def options(self) -> LaplaceOptions:
        """What refits are told."""
        return LaplaceOptions.of(self.settings)

    @property
    def contrast(self) -> np.ndarray:
        """Weights of the contrast [F], F logits (the fates beside the reference)."""
        return contrast_weights(self.settings.contrast_fate, self.screen.fates)

    @property
    def counts_populations(self) -> bool:
        """Do SEs contain that other guides and cultures would show something else (`estimand: gene`)?"""
        return self.options.estimand == "gene"

    @property
    def usable(self) -> np.ndarray:
        """bool [cells of the file], those that the screen has."""
        return usable_cells(self.cells.burden, self.settings.Kmax, self.cells.lacks_fates)

    @property
    def cells_of_controls(self) -> sp.csr_matrix:
        """Presence of the controls that some cell of the screen carries: [N, controls]."""
        place = {name: k for k, name in enumerate(self.cells.guide_names)}
        return self.cells.guides[self.usable][:, [place[name] for name in self.screen.ntc_names]].tocsr()

    @cached_property
    def solved(self) -> SolvedEstimates:
        """Fixed effects and their covariances, as the fit has them."""
        return solve_estimates(self.baseline, self.options, excess=True)

    @cached_property
    def estimates(self) -> Estimates:
        """The fit's estimates."""
        if self.fit is not None:
            return estimates_of(read_archive(self.fit).all_fates, self.contrast)
        return estimates_of(AllFates.of(self.solved, self.screen, self.options), self.contrast)

"""The screen: cells, their guides, days, replicates and fate probabilities, ready for the model.

`Screen` is frozen and refuses bad shapes when it is built. Guides of a cell are a CSR list (`guide_ptr`, `guide_idx`)
over targeting guides, which are sorted by gene; control guides count in `burden` and have no column, since their effect
is exactly zero.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd
import scipy.sparse as sp

from ..base import ScreenError
from .alike import AlikeCells, alike_cells, can_be_alike
from .doubt import Doubt
from .fate_table import lack_any

ONE_REPLICATE = "r1"  # the label of the replicate where there is one only
ONE_DAY = "all"  # the label of the day where no column tells days apart


@dataclass(frozen=True, kw_only=True)
class Screen:
    """A checked screen. N cells, G targeting guides, L genes, D days, R replicates, F logits: the fates
    beside the reference, so that there are F + 1.

    guide_ptr: int64 [N + 1], guide_idx: int32 [entries]: cell i carries the guides
        guide_idx[guide_ptr[i]:guide_ptr[i + 1]]; a cell with control guides only has an empty list.
    burden: float [N], guides in the cell, controls counted.
    day, replicate: int [N], indices into day_labels and replicate_labels.
    fate_probs: float [N, F + 1], columns as in `fates`, the reference first.
    guide_gene: int [G], index of each guide's gene, non-decreasing.
    day_values: time of each day, or None where the labels do not tell it.
    left_out: cells left out by reason. uncarried_guides: guides of the map that no cell carries.
    dropped_genes: genes all of whose guides are uncarried.
    burden_counts: int [most guides in a cell + 1], cells of the file by number of guides, those left out included.
    ntc_names: control guides carried by some usable cell. ntc_cells: int [their number, D], cells that carry each.
    covariates: float [N, C], numbers standardised (mean 0, SD 1), a centred indicator (0/1 less its mean) for each
        level of a column of labels. covariate_names: names of its columns ("depth", "lane=A").
    cluster: int64 [N], the cluster of each cell from 0, or None where each cell is alone.
    label_sets: entries of obsm that the fate probabilities are from, the first first. other_probs: float [sets - 1, N,
        F + 1], those of the other sets, or None where there is one.
    mended: cells whose fate probabilities were rounded, by what was wrong.
    day_doubt: what to look at in the order of the days, or "". doubts: what was found while the files were read that
        is no fault, but should be known.
    """

    guide_ptr: np.ndarray
    guide_idx: np.ndarray
    burden: np.ndarray
    day: np.ndarray
    replicate: np.ndarray
    fate_probs: np.ndarray
    guide_gene: np.ndarray
    guide_names: tuple[str, ...]
    gene_names: tuple[str, ...]
    fates: tuple[str, ...]
    day_labels: tuple[str, ...]
    day_values: tuple[float, ...] | None
    replicate_labels: tuple[str, ...]
    left_out: Mapping[str, int]
    uncarried_guides: tuple[str, ...]
    dropped_genes: tuple[str, ...]
    burden_counts: np.ndarray
    ntc_names: tuple[str, ...]
    ntc_cells: np.ndarray
    covariates: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    covariate_names: tuple[str, ...] = ()
    cluster: np.ndarray | None = None
    label_sets: tuple[str, ...] = ()
    other_probs: np.ndarray | None = None
    mended: Mapping[str, int] = field(default_factory=dict)
    day_doubt: str = ""
    doubts: tuple[Doubt, ...] = ()

    def __post_init__(self) -> None:
        n, g = self.n_cells, self.n_guides
        if not self.covariate_names and self.covariates.size == 0:
            object.__setattr__(self, "covariates", np.zeros((n, 0)))
        _want(n > 0 and g > 0, "has no cell or no guide")
        _want(self.guide_ptr.shape == (n + 1,) and self.guide_ptr[0] == 0, "has a guide_ptr of the wrong shape")
        _want(self.guide_ptr[-1] == len(self.guide_idx), "has guide lists that do not end with guide_ptr")
        _want(_within(self.guide_idx, g), "has a guide index out of range")
        _want(self.burden.shape == self.day.shape == self.replicate.shape == (n,), "has columns of unequal length")
        _want(self.fate_probs.shape == (n, self.n_fates) and self.n_fates >= 2, "needs [cells, fates >= 2] fate_probs")
        _want(_within(self.day, self.n_days) and _within(self.replicate, self.n_replicates), "has an unknown level")
        _want(self.guide_gene.shape == (g,) and _within(self.guide_gene, self.n_genes), "has a guide without gene")
        _want(bool(np.all(np.diff(self.guide_gene) >= 0)), "needs guides sorted by gene")
        shape = (n, self.n_covariates)
        _want(self.covariates.shape == shape, f"needs covariates of the shape {shape}, one name a column")
        _want(bool(np.isfinite(self.covariates).all()), "has covariates that are no finite numbers")
        _want(self.cluster is None or self.cluster.shape == (n,), "needs one cluster a cell")
        others = () if self.other_probs is None else self.other_probs
        _want(all(one.shape == self.fate_probs.shape for one in others), "has label sets of different shapes")

    @property
    def n_cells(self) -> int:
        return len(self.guide_ptr) - 1

    @property
    def n_cells_file(self) -> int:
        """Cells in the file."""
        return int(self.burden_counts.sum())

    @property
    def n_ntc(self) -> int:
        return len(self.ntc_names)

    @property
    def n_guides(self) -> int:
        return len(self.guide_names)

    @property
    def n_genes(self) -> int:
        return len(self.gene_names)

    @property
    def n_fates(self) -> int:
        """Fates, the reference counted: F + 1."""
        return len(self.fates)

    @property
    def n_logits(self) -> int:
        """F, the fates beside the reference."""
        return self.n_fates - 1

    @property
    def n_days(self) -> int:
        return len(self.day_labels)

    @property
    def n_replicates(self) -> int:
        return len(self.replicate_labels)

    @property
    def n_covariates(self) -> int:
        """C, columns of `covariates`."""
        return len(self.covariate_names)

    @property
    def n_clusters(self) -> int | None:
        """Clusters of cells; None where each cell is alone."""
        return None if self.cluster is None else int(self.cluster.max()) + 1

    @property
    def n_sets(self) -> int:
        """Label sets."""
        return 1 if self.other_probs is None else 1 + len(self.other_probs)

    def of_set(self, k: int) -> "Screen":
        """The screen with the labels of one set alone."""
        if self.other_probs is None:
            return self
        probs = self.fate_probs if k == 0 else self.other_probs[k - 1]
        return self._with_labels(probs, self.label_sets[k : k + 1])

    def of_mean_labels(self) -> "Screen":
        """The screen with the mean of the sets' fate probabilities."""
        if self.other_probs is None:
            return self
        return self._with_labels(mean_labels(self.fate_probs, self.other_probs), self.label_sets)

    def _with_labels(self, fate_probs: np.ndarray, label_sets: tuple[str, ...]) -> "Screen":
        """With these labels alone; which cells are alike is the same, and is not asked again."""
        found = replace(self, fate_probs=fate_probs, other_probs=None, label_sets=label_sets)
        if "alike" in vars(self):
            vars(found)["alike"] = self.alike
        return found

    @cached_property
    def guides_per_gene(self) -> np.ndarray:
        """int [L], guides of each gene."""
        return np.bincount(self.guide_gene, minlength=self.n_genes)

    @cached_property
    def burden_centered(self) -> np.ndarray:
        """float [N], guides in the cell minus the mean of its day."""
        mean = np.bincount(self.day, weights=self.burden) / np.bincount(self.day)
        return np.asarray(self.burden - mean[self.day])

    @cached_property
    def alike(self) -> AlikeCells | None:
        """Cells with few guides that differ in their labels alone; None where few do, or it is not asked."""
        if not can_be_alike(self.n_logits, self.cluster):
            return None
        columns = [self.day, self.replicate, self.burden, *self.covariates.T]
        return alike_cells(columns, self.guide_ptr, self.guide_idx)


@dataclass(frozen=True, kw_only=True)
class RawCells:
    """Cells as a file gives them, those that will be left out included.

    guides: presence [cells, guides of the screen]. day, replicate: labels, kept as a categorical. fate_probs: [cells,
    F + 1], NaN in the whole row of a cell without. label_sets, other_probs: as in `Screen`. covariates: one column a
    covariate, numbers or texts. cluster: labels, or None. mended: cells whose fate probabilities were rounded, by what
    was wrong. day_order: the days in the order that the column declares, or None. doubts: what was found while reading
    that is no fault, but should be known.
    """

    guides: sp.csr_matrix
    guide_names: list[str]
    day: pd.Categorical
    replicate: pd.Categorical
    fates: tuple[str, ...]
    fate_probs: np.ndarray
    covariates: pd.DataFrame = field(default_factory=pd.DataFrame)
    cluster: np.ndarray | None = None
    label_sets: tuple[str, ...] = ()
    other_probs: np.ndarray | None = None
    mended: Mapping[str, int] = field(default_factory=dict)
    day_order: tuple[str, ...] | None = None
    doubts: tuple[Doubt, ...] = ()

    def __post_init__(self) -> None:
        for name in ("day", "replicate"):
            object.__setattr__(self, name, pd.Categorical(getattr(self, name)))

    @property
    def n_cells(self) -> int:
        return int(self.guides.shape[0])

    @property
    def burden(self) -> np.ndarray:
        """int [cells], guides in each cell."""
        return np.asarray(np.diff(self.guides.indptr))

    @property
    def lacks_fates(self) -> np.ndarray:
        """bool [cells], those without fate probabilities, in any label set."""
        return lack_any(self.fate_probs, self.other_probs)

    def of_mean_labels(self) -> "RawCells":
        """The same cells with the mean of the sets' fate probabilities, without any where a set has none."""
        if self.other_probs is None:
            return self
        mean = mean_labels(self.fate_probs, self.other_probs)
        return replace(self, fate_probs=np.where(self.lacks_fates[:, None], np.nan, mean), other_probs=None)


def mean_labels(first: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Mean of the fate probabilities [N, F + 1] of a label set and of those of others [sets, N, F + 1]."""
    return np.asarray((first + others.sum(0)) / (1 + len(others)))


def _within(index: np.ndarray, size: int) -> bool:
    return len(index) == 0 or (int(index.min()) >= 0 and int(index.max()) < size)


def _want(ok: bool, what: str) -> None:
    if not ok:
        raise ScreenError(f"This screen {what}.")

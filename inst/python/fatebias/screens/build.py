"""A checked screen from cells as a file gives them and a guide map: usable cells, levels in order, guides by gene."""

import numpy as np

from ..base import Settings
from .baseline import refuse_without_baseline
from .counts import count_burdens
from .guide_map import GuideMap
from .plan import Plan, plan_screen
from .screen import RawCells, Screen


def build_screen(cells: RawCells, guide_map: GuideMap, settings: Settings, where: str) -> Screen:
    """Leave out unusable cells, match guides to genes, index levels. `where` names the source in messages."""
    screen = _whole(plan_screen(cells, guide_map, settings, where))
    refuse_without_baseline(screen, count_burdens(screen), where)
    return screen


def _whole(plan: Plan) -> Screen:
    """All parts as one screen."""
    n, at, entries = plan.n_cells, 0, 0
    guide_ptr, guide_idx = np.zeros(n + 1, dtype=np.int64), np.empty(plan.n_entries, dtype=np.int32)
    fate_probs = np.empty((n, plan.cells.fate_probs.shape[1]))
    others = plan.cells.other_probs
    other_probs = None if others is None else np.empty((len(others), n, others.shape[2]))
    burden, day, replicate = np.empty(n), np.empty(n, dtype=np.intp), np.empty(n, dtype=np.intp)
    ntc_cells = np.zeros((len(plan.same["ntc_names"]), len(plan.same["day_labels"])), dtype=np.int64)
    for part in plan.parts():
        rows = slice(at, at + part.n_cells)
        guide_ptr[at + 1 : rows.stop + 1] = entries + part.guide_ptr[1:]
        guide_idx[entries : entries + len(part.guide_idx)] = part.guide_idx
        burden[rows], day[rows], replicate[rows] = part.burden, part.day, part.replicate
        fate_probs[rows] = part.fate_probs
        if other_probs is not None and part.other_probs is not None:
            other_probs[:, rows] = part.other_probs
        ntc_cells += part.ntc_cells
        at, entries = rows.stop, entries + len(part.guide_idx)
    return Screen(
        **plan.same, guide_ptr=guide_ptr, guide_idx=guide_idx, burden=burden, day=day, replicate=replicate,
        fate_probs=fate_probs, other_probs=other_probs, ntc_cells=ntc_cells, covariates=plan.covariates,
        cluster=plan.cluster,
    )  # fmt: skip

"""From the files that people have to one checked `Screen`: containers, guide counts, fate tables, guide maps.

So that no other wing knows a file format or doubts a screen: every format is read behind one protocol, and what
cannot be right (guides without a gene, probabilities that do not sum to 1, days with too few cells) is refused as
ScreenError before any fitting. `read_screen` is the way in; `assemble_screen` puts a screen together from parts.
"""

from .assemble import assemble_parts, assemble_screen, columns_of
from .baseline import doubt_baseline
from .build import build_screen, carried_guides, count_left_out, usable_cells
from .cell_names import match_rows
from .cellranger import FEATURE_TYPE, read_cellranger
from .containers import open_screen
from .contrast import contrast_parts, contrast_weights, nearest_name
from .covariates import number_clusters, standardise_covariates
from .doubts import doubt_days
from .fate_table import (
    PROBABILITY_TOLERANCE,
    lack_probabilities,
    mend_probabilities,
    names_beside,
    probability_faults,
    read_fate_table,
)
from .guide_counts import CELL_NAME, MIN_UMI, THRESHOLDS, count_by_threshold
from .guide_map import (
    COLUMNS,
    GuideMap,
    control_flags,
    first_few,
    problems_in,
    read_guide_map,
    read_map_table,
    stripped,
)
from .guide_table import read_guide_table
from .guides import read_samples
from .h5ad import write_screen
from .levels import numbers_in, sort_levels
from .reader import Reader, covariate_table, read_cells, read_screen
from .screen import RawCells, Screen
from .source import Element, ScreenSource
from .spare_columns import read_spare_columns
from .summary import CELLS_TABLE, count_cells_by_guide, summarise_screen

__all__ = [
    "CELLS_TABLE",
    "CELL_NAME",
    "COLUMNS",
    "Element",
    "FEATURE_TYPE",
    "GuideMap",
    "MIN_UMI",
    "PROBABILITY_TOLERANCE",
    "RawCells",
    "Reader",
    "Screen",
    "ScreenSource",
    "THRESHOLDS",
    "assemble_parts",
    "assemble_screen",
    "build_screen",
    "carried_guides",
    "columns_of",
    "contrast_parts",
    "contrast_weights",
    "control_flags",
    "count_by_threshold",
    "count_cells_by_guide",
    "count_left_out",
    "covariate_table",
    "doubt_baseline",
    "doubt_days",
    "first_few",
    "lack_probabilities",
    "match_rows",
    "mend_probabilities",
    "names_beside",
    "nearest_name",
    "number_clusters",
    "numbers_in",
    "open_screen",
    "probability_faults",
    "problems_in",
    "read_cellranger",
    "read_cells",
    "read_fate_table",
    "read_guide_map",
    "read_guide_table",
    "read_map_table",
    "read_samples",
    "read_screen",
    "read_spare_columns",
    "sort_levels",
    "standardise_covariates",
    "stripped",
    "summarise_screen",
    "usable_cells",
    "write_screen",
]

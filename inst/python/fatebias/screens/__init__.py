"""A screen from a file and a guide map: containers, guide counts, fate tables, and the checked `Screen`.

`read_screen` is the way in. Every file format is read behind one protocol; whatever is refused raises ScreenError
before any fitting.
"""

from .assemble import assemble_parts, assemble_screen, columns_of, read_samples
from .cell_names import match_rows
from .fate_table import names_beside, read_fate_table
from .guide_counts import CELL_NAME, FEATURE_TYPE, MIN_UMI, count_by_threshold, read_cellranger, read_guide_table
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
from .h5ad import PROBABILITY_TOLERANCE, Reader, covariates, open_file, read_cells, read_screen, write_screen
from .screen import (
    RawCells,
    Screen,
    build_screen,
    contrast_parts,
    contrast_weights,
    nearest_name,
    numbers_in,
    sort_levels,
)
from .summary import CELLS_TABLE, count_cells_by_guide, summarise_screen

__all__ = [
    "CELLS_TABLE",
    "CELL_NAME",
    "COLUMNS",
    "FEATURE_TYPE",
    "GuideMap",
    "MIN_UMI",
    "PROBABILITY_TOLERANCE",
    "RawCells",
    "Reader",
    "Screen",
    "assemble_parts",
    "assemble_screen",
    "build_screen",
    "columns_of",
    "contrast_parts",
    "contrast_weights",
    "control_flags",
    "count_by_threshold",
    "count_cells_by_guide",
    "covariates",
    "first_few",
    "match_rows",
    "names_beside",
    "nearest_name",
    "numbers_in",
    "open_file",
    "problems_in",
    "read_cellranger",
    "read_cells",
    "read_fate_table",
    "read_guide_map",
    "read_guide_table",
    "read_map_table",
    "read_samples",
    "read_screen",
    "sort_levels",
    "stripped",
    "summarise_screen",
    "write_screen",
]

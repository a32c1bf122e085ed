"""From the files that people have to one checked `Screen`: containers, guide counts, fate tables, guide maps.

So that no other wing knows a file format or doubts a screen: every format is read behind one protocol, and what
cannot be right (guides without a gene, probabilities that do not sum to 1, days with too few cells) is refused as
ScreenError before any fitting. `read_screen` is the way in; `assemble_screen` puts a screen together from parts.
"""

from .alike import AlikeCells
from .assemble import assemble_parts, assemble_screen, columns_of
from .baseline import refuse_without_baseline
from .build import build_screen
from .cell_names import match_rows
from .cellranger import FEATURE_TYPE, read_cellranger
from .contrast import (
    REST,
    contrast_labels,
    contrast_parts,
    contrast_sides,
    contrast_weights,
    fate_weights,
    list_contrasts,
    nearest_name,
)
from .counts import Counts, count_cells
from .covariates import number_clusters, standardise_covariates
from .days import DaysError, order_days
from .doubt import Doubt, warn_of
from .doubts import (
    MOST_LEVELS,
    cluster_words,
    covariate_words,
    doubt_burden,
    doubt_carriers,
    doubt_clusters,
    doubt_covariates,
    doubt_days,
    doubt_replicates,
    doubts_about,
    sizes_of,
)
from .entries import Reader, covariate_table
from .fate_names import names_beside
from .fate_table import (
    PROBABILITY_TOLERANCE,
    FateTable,
    as_numbers,
    count_mended,
    lack_any,
    lack_probabilities,
    mend_probabilities,
    probability_faults,
    read_fate_table,
)
from .guide_anndata import read_guides_anndata
from .guide_counts import CELL_NAME, MIN_UMI, THRESHOLDS, count_by_threshold
from .guide_map import GuideMap, examine_map, map_from_table, read_guide_map, read_map_text
from .guide_table import read_guide_table
from .guides import read_samples
from .label_sets import doubt_sets, fates_fault, in_order_of
from .levels import count_levels, few_cells, labels_of, sort_levels
from .map_layouts import COLUMNS
from .objects import write_objects
from .own_map import map_text, own_table, read_map
from .plan import Plan, plan_screen
from .presence import presence_of
from .reader import read_cells, read_screen
from .replaced import fingerprint, refuse_replaced
from .screen import RawCells, Screen
from .spare_columns import read_spare_columns
from .strata import burden_strata, cells_by_day_replicate, day_replicate
from .summary import CELLS_TABLE, count_cells_by_guide, summarise_screen
from .terminal_cells import StateColumn, count_terminal_cells, named_states, state_column
from .usable import carried_guides, carriers_of, count_left_out, usable_cells
from .variation import WEIGHT, doubt_weight, refuse_untold

__all__ = [
    "AlikeCells",
    "REST",
    "CELLS_TABLE",
    "CELL_NAME",
    "COLUMNS",
    "Counts",
    "DaysError",
    "Doubt",
    "FEATURE_TYPE",
    "FateTable",
    "GuideMap",
    "MIN_UMI",
    "MOST_LEVELS",
    "PROBABILITY_TOLERANCE",
    "Plan",
    "RawCells",
    "Reader",
    "Screen",
    "StateColumn",
    "THRESHOLDS",
    "WEIGHT",
    "as_numbers",
    "assemble_parts",
    "assemble_screen",
    "build_screen",
    "burden_strata",
    "carried_guides",
    "carriers_of",
    "cells_by_day_replicate",
    "cluster_words",
    "columns_of",
    "contrast_labels",
    "contrast_parts",
    "contrast_sides",
    "contrast_weights",
    "count_by_threshold",
    "count_cells_by_guide",
    "count_cells",
    "count_left_out",
    "count_levels",
    "count_mended",
    "count_terminal_cells",
    "covariate_table",
    "covariate_words",
    "day_replicate",
    "doubt_burden",
    "doubt_carriers",
    "doubt_clusters",
    "doubt_covariates",
    "doubt_days",
    "doubt_replicates",
    "doubt_sets",
    "doubt_weight",
    "doubts_about",
    "examine_map",
    "fate_weights",
    "fates_fault",
    "few_cells",
    "fingerprint",
    "in_order_of",
    "labels_of",
    "lack_any",
    "lack_probabilities",
    "map_from_table",
    "map_text",
    "list_contrasts",
    "match_rows",
    "mend_probabilities",
    "named_states",
    "names_beside",
    "nearest_name",
    "number_clusters",
    "order_days",
    "own_table",
    "plan_screen",
    "presence_of",
    "probability_faults",
    "read_cellranger",
    "read_cells",
    "read_fate_table",
    "read_guide_map",
    "read_guide_table",
    "read_guides_anndata",
    "read_map",
    "read_map_text",
    "read_samples",
    "read_screen",
    "read_spare_columns",
    "refuse_replaced",
    "refuse_untold",
    "refuse_without_baseline",
    "sizes_of",
    "sort_levels",
    "standardise_covariates",
    "state_column",
    "summarise_screen",
    "usable_cells",
    "warn_of",
    "write_objects",
]

"""Constants that both languages need: constants.yaml beside this file, read once."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

from .settings_text import LOADER


@dataclass(frozen=True, kw_only=True)
class Constants:
    """The entries of constants.yaml, which says what each is; lists as tuples, blocks read-only."""

    min_umi: int
    feature_type: str
    cell_name: str
    probability_tolerance: float
    probability_rounding: float
    rescalable: float
    few_cells: int
    simulated_guides_most: int
    same_share: float
    checkpoint_file: str
    made_from_file: str
    qc_assertions: Mapping[str, Mapping[str, str]]
    qc_worst_genes: int
    qc_digits: int
    certificate_checks: Mapping[str, tuple[str, ...]]
    certificate_levels: Mapping[str, tuple[str, ...]]
    certificate_sizes: Mapping[str, int]
    shuffled_genes: int
    rejections: tuple[Mapping[str, float], ...]


def read_only(value: Any) -> Any:
    """Lists as tuples, mappings such that nothing can be set in them, at every depth."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: read_only(item) for key, item in value.items()})
    return tuple(map(read_only, value)) if isinstance(value, (list, tuple)) else value


FILE = Path(__file__).parent / "constants.yaml"
CONSTANTS = Constants(**read_only(yaml.load(FILE.read_bytes(), Loader=LOADER)))

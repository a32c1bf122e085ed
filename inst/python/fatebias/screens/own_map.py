"""The guide map of a screen: a table of its own, or what the screen's file itself says of its guides."""

import os
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ..base import ScreenError, Settings
from ..containers import ScreenSource, open_screen
from .guide_map import GuideMap, examine_map, read_map_text
from .text_table import TextTable, text_table_of

TARGETS = "guide_targets"  # entry of uns: the target of each guide, in the order of their names


def read_map(guide_map: str | Path, screen: str | Path, guides: Sequence[str], settings: Settings) -> GuideMap:
    """The guide map of a table, or that of the screen's own file where `guide_map` is that file; raises ScreenError.

    guides: names of the screen's guides, in the order of their columns.
    """
    text = map_text(guide_map, screen, guides, settings)
    return examine_map(text, settings, guides).guide_map().named_as(guides)


def map_text(guide_map: str | Path, screen: str | Path, guides: Sequence[str], settings: Settings) -> TextTable:
    """A guide map as it stands, all of it texts; arguments as for `read_map`. Raises ScreenError."""
    if not is_own(guide_map, screen):
        return read_map_text(guide_map)
    with open_screen(screen, settings.modality, settings.guide_modality, settings.allow_external) as source:
        return text_table_of(own_table(source, guides), f"The guide map in {screen}")


def is_own(guide_map: str | Path, screen: str | Path) -> bool:
    """Is the guide map the screen's own file?"""
    try:
        return os.path.realpath(guide_map) == os.path.realpath(screen)
    except ValueError:  # a NUL in the path
        return False


def own_table(source: ScreenSource, guides: Sequence[str]) -> pd.DataFrame:
    """What the file of a screen says of its guides: uns['guide_targets'], else the columns of var; raises ScreenError.

    One row a guide, with the names of guides as a column, or as the index where they are those of var.
    """
    listed = source.element("uns", TARGETS)
    if listed is not None:
        values = listed.read_labels()
        if values is None or len(values) != len(guides):
            n = "no list" if values is None else f"{len(values)} targets"
            raise ScreenError(
                f"{source.path}: uns['{TARGETS}'] is {n}, but there are {len(guides)} guides. Give one target a guide, "
                "in the order of their names."
            )
        return pd.DataFrame({"guide_names": list(guides), TARGETS: values.astype(object).to_numpy()})
    names = source.feature_names() if source.has_table("var") else []
    columns = {} if not set(guides) & set(names) else _columns(source, len(names))
    if not columns:
        raise ScreenError(
            f"{source.path} says nothing of the targets of its guides (uns['{TARGETS}'], or columns of var such as "
            "intended_target_name). Name a guide map: a table with the columns guide_name, gene_name, is_ntc."
        )
    return pd.DataFrame(columns, index=pd.Index(names))


def _columns(source: ScreenSource, n: int) -> dict[str, list[object]]:
    """Columns of var, missing texts as empty ones."""
    read = {name: element.read_labels() for name, element in source.elements("var")}
    return {
        name: values.astype(object).where(values.notna(), "").tolist()
        for name, values in read.items()
        if values is not None and len(values) == n
    }

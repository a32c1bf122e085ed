"""Preflight of MuData: which modality has the cells with their fates, and which the guides."""

from pathlib import Path

from ..base import Settings
from ..containers import modalities, open_screen
from .findings import Report
from .lookalikes import Lookalike, fate_tables, guide_tables

ITEM = "Modalities"


def find_modalities(report: Report, path: Path, known: set[str]) -> bool:
    """Do the settings name modalities that are there? Else report those that look right, and go on with them.

    known: texts of the guide map. False where none can be told.
    """
    s = report.settings
    names = modalities(path, s.allow_external)
    if not names:
        return True  # no MuData; that no modality may be named then is said where the file is opened
    shown, wanted = ", ".join(names), {}
    if s.modality not in names:
        wanted["modality"] = _best(path, names, known, s, of_guides=False)
    cells = wanted.get("modality", s.modality)
    if s.guide_modality not in names and not (s.guide_modality is None and _has_guides(path, cells, s)):
        guides = _best(path, [name for name in names if name != cells], known, s, of_guides=True)
        if guides != s.guide_modality:
            wanted["guide_modality"] = guides
    if "modality" in wanted and wanted["modality"] is None:
        report.problem(ITEM, f"MuData with {shown}; none has fate probabilities in its obsm", "name it: modality: ..")
        return False
    if not wanted:
        report.ok(ITEM, f"cells of {s.modality}, guides of {s.guide_modality or s.modality}; MuData with {shown}")
        return True
    lines = ", ".join(f"{key}: {'null' if value is None else value}" for key, value in wanted.items())
    report.suggest(ITEM, f"MuData with {shown}", f"set {lines} (by what they hold)", **wanted)
    return True


def _has_guides(path: Path, modality: str | None, settings: Settings) -> bool:
    """Are the guides where the settings say, in the modality of the cells?"""
    if modality is None:
        return False
    with open_screen(path, modality, allow_external=settings.allow_external) as source:
        return source.element("obsm", settings.guide_key) is not None


def _best(path: Path, names: list[str], known: set[str], settings: Settings, of_guides: bool) -> str | None:
    """The modality with what looks most like fate probabilities, or like guides."""
    best: tuple[float, str | None] = (0.0, None)
    for name in names:
        with open_screen(path, name, allow_external=settings.allow_external) as source:
            found: list[Lookalike] = guide_tables(source, known, name) if of_guides else fate_tables(source)
        score = found[0].score + 1.0 if found else 0.0
        best = max(best, (score, name), key=lambda one: one[0])
    return best[1]

"""The certificate's units of work and their files: each unit is made once, alone, and kept.

`DIR/calibration/<check>_<number>.json` holds a unit whole or is not there, so that a certificate can be
stopped at any time, made by several processes at once, and gone on with. A unit belongs to one fit: screen,
settings, versions. Verdicts are R's (`certify_fit()`).
"""

import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from pandas.util import hash_array

from ..base import (
    CONSTANTS,
    ExportError,
    FitError,
    Settings,
    SettingsError,
    disk_words,
    files_of,
    plain,
    prepare_out_dir,
    refuse_threads,
    regular_bytes,
    remove_parts,
    whole_file,
)
from ..laplace import LaplaceOptions
from ..preflight import ScreenSize, fit_memory, refuse_large_fit
from ..results import choose_device, device_limit, read_baseline, read_manifest, refit_key
from ..screens import RawCells, Screen, build_screen, read_cells, read_map, read_spare_columns, usable_cells
from .refit import baseline_at, settle
from .source import Source
from .units import UNITS

FOLDER = "calibration"
LARGEST = 64 << 20  # bytes of a unit; one of 10,000 genes has less
CHECKS = CONSTANTS.certificate_checks  # check: units that it needs; those in SIZES come in numbers
SIZES = CONSTANTS.certificate_sizes
Units = Iterable[Sequence[Any]]  # pairs of check and number
_opened: dict[str, tuple[Source, str]] = {}  # the screen last read by this process, and its key


def planned_units(checks: Iterable[str], sizes: Mapping[str, int]) -> list[tuple[str, int]]:
    """Units of some checks, pairs of name and number; sizes as SIZES."""
    names = [name for check in checks for name in CHECKS[check]]
    return [(name, k + 1) for name in names for k in range(sizes.get(name, 1))]


def usual_sizes(out_dir: str | Path) -> dict[str, int]:
    """Units of a kind unless told otherwise, of a fit: of many genes fewer shuffles say as much."""
    screen = read_manifest(out_dir).get("screen")
    n_genes = screen.get("n_genes") if isinstance(screen, dict) else None
    if not isinstance(n_genes, int) or n_genes < 1:
        raise ExportError(f"The manifest of {out_dir} does not say how many genes the screen has. Fit again.")
    return {**SIZES, "shuffle": min(SIZES["shuffle"], max(2, ceil(CONSTANTS.shuffled_genes / n_genes)))}


def open_source(
    screen_path: str | Path, guide_map: str | Path, settings: Settings, out_dir: str | Path | None = None
) -> tuple[Source, str]:
    """Screen and baseline fit of a certificate, and the key of its units; kept for the next call of this process.

    out_dir: a folder of results; what the fit there has kept of this screen is not made again.
    """
    wanted = json.dumps([_stamp(screen_path), _stamp(guide_map), settings.as_dict("screen", "fit")])
    if wanted not in _opened:
        _opened.clear()
        _opened[wanted] = _read_source(screen_path, guide_map, settings, out_dir)
    return _opened[wanted]


def run_units(
    screen_path: str | Path, guide_map: str | Path, out_dir: str | Path, settings: Settings, units: Units
) -> list[str]:
    """Make the units, pairs of check and number, that are not there yet; returns the paths of all.

    Raises ScreenError, FitError, ExportError; then all units before the failed one are kept.
    """
    source, key = open_source(screen_path, guide_map, settings, out_dir)
    folder = prepare_out_dir(Path(out_dir) / FOLDER)
    return [str(path) for path in _made_units(folder, source, key, [(check, int(n)) for check, n in units])]


def describe_units(
    screen_path: str | Path, guide_map: str | Path, out_dir: str | Path, settings: Settings, units: Units
) -> dict[str, Any]:
    """Of the units, pairs of check and number: `paths` of all, `missing`, those that no file holds for this fit,
    and their `key`. Reads the screen, fits nothing.
    """
    cells = read_cells(screen_path, settings).of_mean_labels()
    names = read_map(guide_map, screen_path, cells.guide_names, settings)
    screen = build_screen(cells, names, settings, where=str(screen_path))
    key, folder = _key(screen, settings, _columns(screen_path, cells, settings)), Path(out_dir) / FOLDER
    pairs = [(check, int(number)) for check, number in units]
    paths = [_unit_path(folder, *pair) for pair in pairs]
    missing = [list(pair) for pair, path in zip(pairs, paths) if _read_unit(path, key) is None]
    return {"paths": [str(path) for path in paths], "missing": missing, "key": key}


def fit_source(out_dir: str | Path) -> dict[str, Any]:
    """Screen, guide map and settings that a fit was made from, by its manifest, which alone is read. Raises ExportError
    where there is none, or it is damaged.
    """
    manifest = read_manifest(out_dir)
    screen, settings = manifest.get("screen"), manifest.get("settings")
    paths = [screen.get(name) if isinstance(screen, dict) else None for name in ("path", "guide_map")]
    if not all(isinstance(path, str) for path in paths) or not isinstance(settings, dict):
        raise ExportError(f"{out_dir} is the fit of an earlier version: it does not say what it is of. Fit again.")
    try:
        return dict(zip(("screen_path", "guide_map"), paths)) | {"settings": Settings.from_mapping(settings)}
    except SettingsError as error:
        raise ExportError(
            f"The settings of the fit in {out_dir} are not this version's. Fit again.\n{error}"
        ) from error


def _made_units(folder: Path, source: Source, key: str, units: list[tuple[str, int]]) -> Iterator[Path]:
    for check, number in units:
        path = _unit_path(folder, check, number)
        if _read_unit(path, key) is None:
            remove_parts(path)  # of a run that was killed while it wrote
            start = time.perf_counter()
            value = _value(source, check, number)
            seconds = time.perf_counter() - start
            _write_unit(path, {"key": key, "check": check, "number": number, "seconds": seconds, "value": value})
        yield path


def _value(source: Source, check: str, number: int) -> dict[str, Any]:
    """Numbers of a unit; where its refit did not settle only that it did not, and why."""
    try:
        return UNITS[check](source, number)
    except FitError as error:
        return {"not_settled": str(error)}


def _unit_path(folder: Path, check: str, number: int) -> Path:
    return folder / f"{check}_{number:04d}.json"


def _read_unit(path: Path, key: str) -> Mapping[str, Any] | None:
    """The unit of this fit, or None: there is no file, it is another fit's, or it is not what its name says."""
    try:
        found = json.loads(regular_bytes(path, LARGEST))
    except (OSError, ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("key") != key or not isinstance(found.get("value"), dict):
        return None
    named = isinstance(found.get("check"), str) and type(found.get("number")) is int
    return found if named and _unit_path(path.parent, found["check"], found["number"]) == path else None


def _write_unit(path: Path, unit: Mapping[str, Any]) -> None:
    try:
        with whole_file(path) as part:
            part.write_text(json.dumps(plain(unit), allow_nan=False), encoding="utf-8")
    except OSError as error:
        raise ExportError(f"Cannot write {path}: {disk_words(path.parent, error)}") from error


def _read_source(
    screen_path: str | Path, guide_map: str | Path, settings: Settings, out_dir: str | Path | None
) -> tuple[Source, str]:
    refuse_threads(settings.threads)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    cells = read_cells(screen_path, settings).of_mean_labels()
    names = read_map(guide_map, screen_path, cells.guide_names, settings)
    screen = build_screen(cells, names, settings, where=str(screen_path))
    device = choose_device(settings.device)
    needs = fit_memory(ScreenSize.whole(screen, join_alike=False), settings)
    refuse_large_fit(needs, gpu=device_limit(device))
    columns = _columns(screen_path, cells, settings)
    options = LaplaceOptions.of(settings)
    design = options.design(screen, device)
    kept = None if out_dir is None else read_baseline(out_dir, screen, settings)
    source = Source(
        cells=cells, guide_map=names, screen=screen, settings=settings, where=str(screen_path), columns=columns,
        baseline=settle(design, options) if kept is None else baseline_at(design, **kept),
        fit=None if kept is None else Path(str(out_dir)),
    )  # fmt: skip
    return source, _key(screen, settings, columns)


def _columns(screen_path: str | Path, cells: RawCells, settings: Settings) -> pd.DataFrame:
    """Spare columns of the screen's cells."""
    usable = usable_cells(cells.burden, settings.Kmax, cells.lacks_fates)
    return read_spare_columns(screen_path, settings)[usable].reset_index(drop=True)


def _key(screen: Screen, settings: Settings, columns: pd.DataFrame) -> str:
    """All that the numbers of a unit depend on, but the number of threads, and for less than .002 SEs: a fit's own
    baseline and estimates, where they are at hand.
    """
    digests = {str(name): _digest(columns[name].to_numpy()) for name in columns}
    return refit_key(screen, settings, {"columns": digests})


def _digest(values: np.ndarray) -> str:
    return hashlib.sha256(hash_array(values).tobytes()).hexdigest()


def _stamp(path: str | Path) -> list[Any]:
    """A file, or a folder of files, as it is now."""
    found = [(one, one.stat()) for one in files_of(Path(path)) if one.exists()]
    return [str(path), *([str(one), stat.st_size, stat.st_mtime_ns] for one, stat in found)]

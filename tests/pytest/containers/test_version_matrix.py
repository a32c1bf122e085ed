"""One screen as versions of anndata, mudata, zarr and CellRank write it is one screen: that of the numbers beside.

files/README.md says what made each file.
"""

import csv
import dataclasses
import zipfile
from pathlib import Path, PurePosixPath

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import zarr
from anndata.io import write_elem

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.preflight.check import check_screen
from fatebias.screens.reader import read_screen
from fatebias.screens.screen import Screen

FILES = Path(__file__).parent / "files"
FATES, DAYS, REPLICATES = ["EC", "MES", "NEU"], ["d0", "d2", "d4"], ["r1", "r2"]
GUIDE_MAP = FILES / "guide_map.csv"
ARCHIVES = sorted(FILES.glob("anndata-*.zip"))
FIRST, SECOND = "to_terminal_states", "lineages_fwd"  # keys of CellRank 1 and of CellRank 2
OF_MUDATA = {"modality": "gene", "guide_modality": "guide", "guide_key": "layers/guide_assignment", "rep_key": "batch"}
OF_FORMS = {
    "guides_as_x": {"guide_key": "layers/guide_assignment"},
    "seuratdisk": {"fate_prob_key": "X_fates", "fates": ["MES", "EC", "NEU"]},  # its array has no names
}


def files_in(archive: Path) -> set[str]:
    """The .h5ad and .h5mu files and .zarr folders of an archive."""
    tops = {PurePosixPath(name).parts[0] for name in zipfile.ZipFile(archive).namelist()}
    return {top for top in tops if not top.endswith(".json")}


def in_format_3(archive: Path, name: str) -> bool:
    """Is this a zarr store of format 3, which zarr 2 cannot open?"""
    with zipfile.ZipFile(archive) as file:
        return f"{name}/zarr.json" in file.namelist() or name.startswith("v3")


ALL = {f"{archive.stem}/{name}": in_format_3(archive, name) for archive in ARCHIVES for name in files_in(archive)}
ALL |= {path.name: False for path in FILES.glob("cellrank-*.h5ad")}
OLD_ZARR = zarr.__version__.startswith("2.")
NAMES = sorted(name for name, new in ALL.items() if not (new and OLD_ZARR))
TOO_NEW = sorted(set(ALL) - set(NAMES))


def settings_for(name: str, **more) -> Settings:
    stem = Path(name).stem
    keys = {"covar_key": None, "rep_key": "replicate", "fate_prob_key": FIRST if "cellrank-1" in stem else SECOND}
    return Settings.from_mapping(keys | (OF_MUDATA if name.endswith(".h5mu") else {}) | OF_FORMS.get(stem, {}) | more)


@pytest.fixture(scope="session")
def unpacked(tmp_path_factory):
    folder = tmp_path_factory.mktemp("versions")
    for archive in ARCHIVES:
        zipfile.ZipFile(archive).extractall(folder / archive.stem)
    for path in FILES.glob("cellrank-*.h5ad"):
        (folder / path.name).symlink_to(path)
    return folder


def rows_of(name: str) -> list[dict[str, str]]:
    with open(FILES / name, newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="session")
def clean(tmp_path_factory) -> Screen:
    """The numbers, written in the default layout and read again."""
    cells, guides = rows_of("cells.csv"), [row["guide_name"] for row in rows_of("guide_map.csv")]
    presence = np.zeros((len(cells), len(guides)), dtype=np.int8)
    at = {cell["cell"]: i for i, cell in enumerate(cells)}
    for row in rows_of("guides.csv"):
        presence[at[row["cell"]], guides.index(row["guide"])] = int(row["present"])
    probs = pd.DataFrame({fate: [float(cell[fate]) for cell in cells] for fate in FATES}, index=list(at))
    labels = pd.DataFrame({key: [cell[key] for cell in cells] for key in ("day", "replicate")}, index=list(at))
    adata = anndata.AnnData(
        obs=labels[["day"]],
        obsm={"covar": labels[["replicate"]].set_axis(["rep"], axis=1), "guide": presence, "fateprob": probs},
        uns={"guide_names": np.array(guides, dtype=object)},
    )
    path = tmp_path_factory.mktemp("clean") / "clean.h5ad"
    with h5py.File(path, "w") as file:
        write_elem(file, "/", adata)
    return read_screen(path, GUIDE_MAP, Settings.from_mapping())


def numbers_of(screen: Screen) -> list[tuple]:
    """Each usable cell: day, replicate, number of guides, targeting guides, probabilities by fate."""
    probs = screen.fate_probs[:, [screen.fates.index(fate) for fate in FATES]]
    return [
        (
            screen.day_labels[screen.day[i]],
            screen.replicate_labels[screen.replicate[i]],
            screen.burden[i],
            sorted(screen.guide_names[j] for j in screen.guide_idx[screen.guide_ptr[i] : screen.guide_ptr[i + 1]]),
            pytest.approx(probs[i], abs=1e-12),
        )
        for i in range(screen.n_cells)
    ]


def stated_numbers() -> list[tuple]:
    """The same from the tables of numbers, without fatebias."""
    controls = {row["guide_name"] for row in rows_of("guide_map.csv") if row["is_ntc"] == "1"}
    guides = {cell["cell"]: [] for cell in rows_of("cells.csv")}
    for row in rows_of("guides.csv"):
        guides[row["cell"]] += [row["guide"]] * int(row["present"])
    return [
        (cell["day"], cell["replicate"], len(own), sorted(set(own) - controls), [float(cell[fate]) for fate in FATES])
        for cell in rows_of("cells.csv")
        if (own := guides[cell["cell"]])
    ]


def differing_fields(one: Screen, other: Screen) -> list[str]:
    def same(name: str) -> bool:
        mine, theirs = getattr(one, name), getattr(other, name)
        if isinstance(mine, np.ndarray):
            return mine.dtype == theirs.dtype and mine.shape == theirs.shape and np.allclose(mine, theirs, atol=1e-12)
        return mine == theirs

    names = (field.name for field in dataclasses.fields(Screen) if field.name != "label_sets")  # keys of the file
    return [name for name in names if not same(name)]


def test_the_numbers_say_what_the_clean_file_holds(clean):
    assert numbers_of(clean) == stated_numbers()
    assert clean.fates == tuple(FATES)
    assert clean.day_labels == tuple(DAYS) and clean.replicate_labels == tuple(REPLICATES)
    assert clean.left_out == {"no_guide": 1, "too_many_guides": 0, "no_fate_probs": 0}
    assert clean.day_values == (0.0, 2.0, 4.0)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_each_version_is_the_same_screen(unpacked, clean, name):
    screen = read_screen(unpacked / name, GUIDE_MAP, settings_for(name))
    assert numbers_of(screen) == stated_numbers()
    assert differing_fields(screen, clean) == []


@pytest.mark.parametrize("name", NAMES)
def test_the_preflight_of_a_file_of_each_version_finds_nothing_wrong(unpacked, name):
    found = check_screen(unpacked / name, settings_for(name), GUIDE_MAP)
    assert [row for row in found["rows"] if row["status"] == "problem"] == []
    assert found["settings"] == {}


@pytest.mark.parametrize("name", [name for name in NAMES if name.endswith(("guides_as_x.h5ad", ".h5mu"))])
def test_umis_with_a_threshold_give_the_same_guides(unpacked, clean, name):
    screen = read_screen(unpacked / name, GUIDE_MAP, settings_for(name, guide_key="X", min_umi=6))
    assert differing_fields(screen, clean) == []


@pytest.mark.skipif(not OLD_ZARR, reason="this zarr opens stores of both formats")
@pytest.mark.parametrize("name", TOO_NEW)
def test_a_store_that_this_zarr_cannot_open_is_refused_with_the_versions_that_can(unpacked, name):
    with pytest.raises(ScreenError, match=r"zarr>=3"):
        read_screen(unpacked / name, GUIDE_MAP, settings_for(name))
    (row,) = [row for row in check_screen(unpacked / name, settings_for(name), GUIDE_MAP)["rows"]
              if row["status"] == "problem"]  # fmt: skip
    assert "zarr>=3" in row["found"] + row["fix"]


def test_the_matrix_is_whole():
    """Six versions of anndata, three containers, three versions of CellRank."""
    versions = {".".join(archive.stem.split("-")[1].split(".")[:2]): files_in(archive) for archive in ARCHIVES}
    assert set(versions) == {"0.7", "0.8", "0.10", "0.11", "0.12", "0.13"}
    layouts = {path.stem for path in FILES.glob("cellrank-*.h5ad")}
    assert {layout.rpartition(".")[0] for layout in layouts} == {"cellrank-1.5", "cellrank-2.0", "cellrank-2.3"}
    for files in versions.values():
        assert {f"{layout}.{kind}" for layout in layouts for kind in ("h5ad", "zarr", "h5mu")} <= files

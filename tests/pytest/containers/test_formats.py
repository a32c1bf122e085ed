import dataclasses

import numpy as np
import pytest
from conftest import simulated
from npz_container import NpzFile

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.containers import formats
from fatebias.containers.formats import open_screen
from fatebias.containers.write import write_screen
from fatebias.preflight.check import check_screen
from fatebias.screens.reader import read_screen

KEYS = {"covar_key": None, "fates": ["EC", "MES", "NEU"]}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """The same screen as .h5ad and as .npz, and its guide map."""
    folder, sim = tmp_path_factory.mktemp("containers"), simulated()
    day, rep = (np.array([f"{prefix}{k}" for k in codes]) for prefix, codes in (("d", sim.day), ("r", sim.replicate)))
    names = sim.guide_map.guide_name.to_numpy(dtype=str)
    write_screen(folder / "s.h5ad", sim.guides, names, sim.probs, sim.fates, day, rep)
    arrays = {
        "obs/_index": np.array([f"cell{i}" for i in range(len(day))]),
        "obs/day": day,
        "obs/rep": rep,
        "obsm/guide": sim.guides.toarray(),
        "obsm/fateprob": sim.probs,
        "uns/guide_names": names,
    }
    np.savez(folder / "s.npz", **arrays)
    sim.guide_map.to_csv(folder / "map.csv", index=False)
    return folder


def same(one, other):
    def parts(screen):
        return {field.name: getattr(screen, field.name) for field in dataclasses.fields(screen)}

    return all(np.array_equal(value, parts(other)[name]) for name, value in parts(one).items() if value is not None)


@pytest.fixture
def with_npz(monkeypatch):
    monkeypatch.setattr(formats, "CONTAINERS", [*formats.CONTAINERS, NpzFile])


def test_a_new_format_is_one_class_and_one_line(files, with_npz):
    """Reading and preflight see a screen's file through the protocol alone."""
    expected = read_screen(files / "s.h5ad", files / "map.csv", Settings.from_mapping())
    assert same(read_screen(files / "s.npz", files / "map.csv", Settings.from_mapping(KEYS)), expected)
    found = check_screen(files / "s.npz", Settings.from_mapping(KEYS), files / "map.csv")
    assert found["ok"], found["rows"]


def test_the_preflight_finds_what_looks_like_a_key_in_any_format(files, with_npz, tmp_path):
    arrays = dict(np.load(files / "s.npz"))
    arrays["obsm/lineage_probs"] = arrays.pop("obsm/fateprob")
    arrays["obs/timepoint"] = arrays.pop("obs/day")
    np.savez(tmp_path / "s.npz", **arrays)
    found = check_screen(tmp_path / "s.npz", Settings.from_mapping(KEYS), files / "map.csv")
    assert found["settings"] == {"fate_prob_key": "lineage_probs", "day_key": "timepoint"}


def test_bad_labels_are_named_by_cell_in_any_format(files, with_npz, tmp_path):
    arrays = dict(np.load(files / "s.npz"))
    arrays["obsm/fateprob"][3] = 0.9
    np.savez(tmp_path / "s.npz", **arrays)
    with pytest.raises(ScreenError, match=r"do not sum to 1 .*row 3 \(cell3\)"):
        read_screen(tmp_path / "s.npz", files / "map.csv", Settings.from_mapping(KEYS))


def test_a_format_that_is_not_known_is_refused(files, tmp_path):
    with pytest.raises(ScreenError, match="is not an .h5ad"):
        open_screen(files / "s.npz")
    with pytest.raises(ScreenError, match="does not exist"):
        open_screen(tmp_path / "none.h5ad")
    (tmp_path / "empty.h5ad").write_bytes(b"")
    with pytest.raises(ScreenError, match="is empty"):
        open_screen(tmp_path / "empty.h5ad")

"""Random screens, and the ways in which people write them down: containers, encodings, orders, layouts.

`numbers` draws what a screen is, WAYS how it is written, `Writer` writes it. What should be read is `expected`, which
goes from the numbers to a Screen without any file.
"""

import csv
import gzip
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import pandas as pd
import scipy.sparse as sp
import zarr
from anndata.io import write_elem
from hypothesis import strategies as st

from fatebias.base.settings import Settings
from fatebias.containers.memory import MemorySource
from fatebias.screens.build import build_screen
from fatebias.screens.guide_map import GuideMap
from fatebias.screens.own_map import read_map
from fatebias.screens.reader import cells_of, read_screen
from fatebias.screens.screen import RawCells

DAYS = {  # labels in the order of time, and how they stand in the column
    "words": (["d0", "d2", "d10"], ["d0", "d2", "d10"]), "minus": (["d-2", "d-1", "d0"], ["d-2", "d-1", "d0"]),
    "stages": (["iPSC", "ME", "EB"], ["iPSC", "ME", "EB"]), "whole": (["-2", "0", "12"], [-2, 0, 12]),
    "points": (["0", "2", "12"], [0.0, 2.0, 12.0]), "halves": (["0.5", "1.0", "12.5"], [0.5, 1.0, 12.5]),
}  # fmt: skip
COLUMNS = ("object", "bytes", "nullable", "categorical", "ordered")
WAYS = st.fixed_dictionaries(
    {
        "seed": st.integers(0, 2**32 - 1),
        "container": st.sampled_from(["h5ad"] * 6 + ["h5mu"] * 4 + ["memory"] * 4 + ["zarr2", "zarr3", "muzarr"]),
        "gzip": st.booleans(),
        "index": st.sampled_from(["object", "bytes", "nullable", "whole"]),
        "days": st.sampled_from(sorted(DAYS)),
        "day_column": st.sampled_from(COLUMNS),
        "day_levels": st.booleans(),
        "day_apart": st.booleans(),  # in MuData: in the obs of all
        "rep_column": st.sampled_from(COLUMNS),
        "rep_in_obs": st.booleans(),
        "fates": st.sampled_from(["table", "mixed", "texts", "array", "states"]),
        "fate_dtype": st.sampled_from([np.float64, np.float32, np.float16]),
        "rows": st.sampled_from(["same", "moved", "more"]),  # of tables in obsm
        "values": st.sampled_from(["presence", "presence", "counts", "posterior"]),
        "form": st.sampled_from(["csr", "csc", "wide", "loose", "dense", "table", "nullable", "categorical"]),
        "dtype": st.sampled_from(["i1", "?", "u2", "i4", "i8", "f2", "f4", "f8"]),
        "place": st.sampled_from(["obsm", "obsm", "X", "layers/called"]),
        "layout": st.sampled_from(["own", "own", "igvf", "sceptre", "cellranger", "named"]),
        "flags": st.sampled_from(["01", "TF", "yn"]),
        "separator": st.sampled_from(",;\t"),
        "encoding": st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
        "packed": st.booleans(),
    }
)


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """A screen: presence [cells, guides], probs [cells, fates] with NaN rows, day (index of days), rep, states (index
    of the fate of terminal cells, -1 for none); genes and controls of the guides.
    """

    cells: np.ndarray
    guides: np.ndarray
    genes: np.ndarray
    controls: np.ndarray
    presence: np.ndarray
    days: list
    day: np.ndarray
    rep: np.ndarray
    fates: np.ndarray
    probs: np.ndarray
    states: np.ndarray


def numbers(rng: np.random.Generator, days: str, whole_names: bool) -> Numbers:
    n, n_days = int(rng.integers(24, 41)), int(rng.integers(1, 4))
    genes = np.repeat([f"GENE{k}" for k in range(rng.integers(2, 5))] + ["NTC"], 2).astype(object)
    guides = np.array([f"{gene}, sg;{j % 2}" for j, gene in enumerate(genes)], dtype=object)
    presence = (rng.random((n, len(guides))) < 0.3).astype(np.int8)
    presence[:3, -1] = 1
    presence[rng.integers(3, n, 2)] = 0
    fates = np.array(["EC", "MES", "NEU", "B cell, late"][: rng.integers(3, 5)], dtype=object)
    parts = rng.multinomial(1024 - len(fates), rng.dirichlet(np.ones(len(fates)), n)) + 1
    states = np.full(n, -1)
    states[rng.permutation(np.arange(3, n))[: 3 * len(fates)]] = np.repeat(np.arange(len(fates)), 3)
    probs = np.where(states[:, None] < 0, parts / 1024, states[:, None] == np.arange(len(fates)))
    probs[rng.permutation(np.flatnonzero(states < 0))[: rng.integers(0, 3)]] = np.nan
    names = rng.permutation(5000)[:n]
    return Numbers(
        cells=np.array([str(i) if whole_names else f"AC{i:04d}-1" for i in names], dtype=object), guides=guides,
        genes=genes, controls=genes == "NTC", presence=presence, days=DAYS[days][0][-n_days:],
        day=np.arange(n) % n_days, rep=(np.arange(n) // n_days) % 2, fates=fates, probs=probs, states=states,
    )  # fmt: skip


def expected(screen: Numbers, columns: np.ndarray, map_rows: np.ndarray, settings: Settings):
    """The Screen of the numbers, fates beside the reference in the order of columns; the map has the guides in the
    order of map_rows, and one that no cell has.
    """
    order = sorted(columns, key=lambda j: screen.fates[j] != "EC")
    raw = RawCells(
        guides=sp.csr_matrix(screen.presence), guide_names=list(screen.guides),
        day=np.array(screen.days, dtype=object)[screen.day], day_order=tuple(screen.days),
        replicate=np.array(["r1", "r2"], dtype=object)[screen.rep], fates=tuple(screen.fates[order]),
        fate_probs=screen.probs[:, order], mended={"negative_to_zero": 0, "sum_to_one": 0},
    )  # fmt: skip
    guide_map = GuideMap(
        guide_names=(*screen.guides[map_rows], "GONE"), gene_names=(*screen.genes[map_rows], "LOST"),
        is_ntc=np.append(screen.controls[map_rows], False),
    )  # fmt: skip
    return build_screen(raw, guide_map, settings, "numbers")


class Writer:
    """Writes the numbers in the drawn ways; `settings` are those that read them."""

    def __init__(self, ways: dict, folder: Path):
        self.ways, self.folder, self.rng = ways, folder, np.random.default_rng(ways["seed"])
        self.in_memory, self.is_mudata = ways["container"] == "memory", ways["container"] in ("h5mu", "muzarr")
        self.of_hdf5 = ways["container"] in ("h5ad", "h5mu")
        self.screen = numbers(self.rng, ways["days"], ways["index"] == "whole")
        self.settings: dict = {}
        self.map_rows = self.rng.permutation(len(self.screen.guides))
        self.fate_order = self.rng.permutation(len(self.screen.fates))

    def read(self):
        """Write all, and read it again as a Screen."""
        obs, obsm, guides = self._obs(), self._obsm(), self._guides()
        map_path = self._write_map()
        if not self.in_memory:
            path = self._write(obs, obsm, guides)
            return read_screen(path, map_path, Settings.from_mapping(self.settings))
        settings = Settings.from_mapping(self.settings)
        tables = {"obs": dict(obs), "obsm": obsm | {"guide": guides[0]}, "uns": {"guide_names": list(guides[1])}}
        cells = cells_of(MemorySource(list(self.screen.cells), tables), settings)
        return build_screen(cells, read_map(map_path, "memory", cells.guide_names, settings), settings, "memory")

    def expected(self):
        return expected(self.screen, self.fate_order, self.map_rows, Settings.from_mapping(self.settings))

    # ---- cells

    def _obs(self) -> pd.DataFrame:
        ways, screen = self.ways, self.screen
        values = np.array(DAYS[ways["days"]][1][-len(screen.days) :], dtype=object)
        by_setting = ways["day_levels"] or (ways["days"] == "stages" and ways["day_column"] != "ordered")
        if by_setting:
            self.settings["day_levels"] = list(screen.days)
        obs = pd.DataFrame({"day": self._column(values, screen.day, ways["day_column"])}, index=screen.cells)
        if ways["rep_in_obs"] or self.is_mudata:
            self.settings["covar_key"] = None
            obs["rep"] = self._rep()
        if ways["fates"] == "states":
            states = pd.Categorical.from_codes(screen.states, list(screen.fates))
            obs["term_states_fwd"] = states.reorder_categories(list(self.rng.permutation(screen.fates)))
        return obs

    def _rep(self):
        return self._column(np.array(["r1", "r2"], dtype=object), self.screen.rep, self.ways["rep_column"])

    def _column(self, levels: np.ndarray, codes: np.ndarray, kind: str):
        """A column of labels; texts that are kept as bytes or are nullable become so when they are written."""
        if kind in ("categorical", "ordered"):
            order = np.arange(len(levels)) if kind == "ordered" else self.rng.permutation(len(levels))
            unused = ["unused"] if isinstance(levels[0], str) else [99]
            categories = pd.Index([*levels[order[:1]], *unused, *levels[order[1:]]])
            if isinstance(levels[0], float):  # categories keep their ".0"
                return levels.astype(float)[codes]
            return pd.Categorical(levels[codes], categories=categories, ordered=kind == "ordered")
        values = pd.Series(list(levels[codes]))
        return (values.astype("Int64") if values.dtype.kind == "i" and kind == "nullable" else values).array

    def _table(self, table: pd.DataFrame) -> pd.DataFrame:
        """A table in obsm with its rows as drawn."""
        if self.in_memory or self.ways["rows"] == "same":
            return table
        if self.ways["rows"] == "more":
            more = table.iloc[self.rng.integers(0, len(table), 5)].set_axis([f"gone{i}" for i in range(5)])
            table = pd.concat([more, table])
        return table.iloc[self.rng.permutation(len(table))]

    def _obsm(self) -> dict:
        ways, screen = self.ways, self.screen
        order, form = self.fate_order, ways["fates"]
        probs = screen.probs[:, order]
        key = "lineages_fwd" if form == "states" else "fateprob"
        obsm: dict = {} if "covar_key" in self.settings else {
            "covar": self._table(pd.DataFrame({"rep": self._rep()}, index=screen.cells))
        }  # fmt: skip
        self.settings["fate_prob_key"] = key
        if form in ("array", "states"):
            self.settings |= {"fates": list(screen.fates[order])} if form == "array" else {}
            return obsm | {key: probs.astype(ways["fate_dtype"])}
        table = pd.DataFrame(probs, index=screen.cells, columns=screen.fates[order]).astype(ways["fate_dtype"])
        if form == "mixed":
            table = table.astype({screen.fates[0]: np.float64, screen.fates[1]: np.float32})
        elif form == "texts" and not np.isnan(probs).any():
            table = table.astype(float).map(repr).astype(object)
        return obsm | {key: self._table(table)}

    # ---- guides

    def _guides(self):
        """A matrix or table of guides in their drawn form, and the names of its columns."""
        ways, screen = self.ways, self.screen
        order = self.rng.permutation(len(screen.guides))
        values, names = self._values(screen.presence[:, order]), screen.guides[order]
        place = ways["place"] if not self.in_memory else "obsm"
        if self.is_mudata and place == "obsm":
            place = "X"
        self.settings["guide_key"] = place = "guide" if place == "obsm" else place
        form = ways["form"]
        if form in ("table", "nullable", "categorical") and place == "guide" and not self.in_memory:
            table = pd.DataFrame(values, index=screen.cells, columns=names)
            if form == "nullable":
                table = table.convert_dtypes(convert_floating=False)
            elif form == "categorical" and ways["values"] != "posterior":
                table = table.astype(int).astype("category")
            return self._table(table), names
        return self._matrix(values, form), names

    def _values(self, presence: np.ndarray) -> np.ndarray:
        kind, dtype = self.ways["values"], np.dtype(self.ways["dtype"])
        if kind == "presence":
            return presence.astype(dtype)
        if kind == "counts":
            self.settings["min_umi"] = 5
            wide = dtype if dtype.kind in "uif" and dtype.itemsize > 1 else np.dtype("i4")
            draw = self.rng.integers
            return np.where(presence, draw(5, 400, presence.shape), draw(0, 5, presence.shape)).astype(wide)
        self.settings["min_probability"] = 0.8
        found = np.where(presence, 0.97, 0.5 * self.rng.random(presence.shape))
        return found.astype(dtype if dtype.kind == "f" else "f8")

    def _matrix(self, values: np.ndarray, form: str):
        if form not in ("csr", "csc", "wide", "loose"):
            return values
        values = values.astype("f4") if values.dtype == np.float16 else values
        if form == "csc":
            return sp.csc_matrix(values)
        matrix = sp.csr_matrix(values)
        if form == "wide":
            matrix.indices, matrix.indptr = matrix.indices.astype(np.int64), matrix.indptr.astype(np.int64)
        if form == "loose":  # zeros are stored, and no row is sorted
            n, g = values.shape
            order = np.array([self.rng.permutation(g) for _ in range(n)])
            data = np.take_along_axis(values, order, 1).ravel()
            matrix = sp.csr_matrix((data, order.ravel(), np.arange(n + 1) * g), shape=values.shape)
        return matrix

    # ---- files

    def _write(self, obs: pd.DataFrame, obsm: dict, guides: tuple) -> Path:
        path = self.folder / f"s.{self.ways['container']}"
        if self.of_hdf5:
            with h5py.File(path, "w") as file:
                self._write_root(file, obs, obsm, *guides)
        else:
            version = 3 if self.ways["container"] == "zarr3" else 2
            self._write_root(zarr.open_group(str(path), mode="w", zarr_format=version), obs, obsm, *guides)
        return path

    def _write_root(self, root, obs: pd.DataFrame, obsm: dict, matrix, names: np.ndarray) -> None:
        place, n = self.settings["guide_key"], len(obs)
        if not self.is_mudata:
            self._write_tables(root, obs, obsm | ({"guide": matrix} if place == "guide" else {}))
            self._put(root, "uns", {"guide_names": names})
            if place != "guide":
                self._write_features(root, place, matrix, names)
            return
        self.settings |= {"modality": "gene", "guide_modality": "guide"}
        if self.ways["day_apart"]:
            backwards = self.rng.permutation(n)
            self._write_table(root, "obs", obs[["day"]].iloc[backwards])
            obs = obs.drop(columns="day")
        self._write_tables(root.create_group("mod/gene"), obs, obsm)
        kept = self.rng.permutation(np.flatnonzero(self.screen.presence.any(1) | (self.rng.random(n) < 0.5)))
        guide = root.create_group("mod/guide")
        self._write_table(guide, "obs", pd.DataFrame(index=obs.index[kept]))
        self._write_features(guide, place, matrix[kept], names)

    def _write_tables(self, root, obs: pd.DataFrame, obsm: dict) -> None:
        self._write_table(root, "obs", obs)
        self._put(root, "obsm", {name: value for name, value in obsm.items() if not isinstance(value, pd.DataFrame)})
        for name, value in obsm.items():
            if isinstance(value, pd.DataFrame):
                self._write_table(root["obsm"], name, value)

    def _write_features(self, root, place: str, matrix, names: np.ndarray) -> None:
        self._put(root, "var", pd.DataFrame(index=names))
        self._put(root, "layers", {place.partition("/")[2]: matrix} if "/" in place else {})
        if place == "X":
            self._put(root, "X", matrix)

    def _put(self, root, key: str, value) -> None:
        packed = {"compression": "gzip"} if self.of_hdf5 and self.ways["gzip"] else {}
        write_elem(root, key, value, dataset_kwargs=packed)

    def _write_table(self, root, key: str, table: pd.DataFrame) -> None:
        """A table, its names and labels rewritten in the drawn encodings."""
        self._put(root, key, table)
        self._encode(root[key], root[key].attrs["_index"], table.index.to_numpy(object), self.ways["index"])
        for name in set(table) & {"day", "rep"}:
            values = np.asarray(table[name], dtype=object)
            if isinstance(values[0], str) and table[name].dtype == object:
                self._encode(root[key], name, values, self.ways[f"{name}_column"])

    def _encode(self, group, name: str, texts: np.ndarray, kind: str) -> None:
        """Texts that lie as bytes, as a nullable array, or as whole numbers."""
        is_whole = kind == "whole" and all(text.isdecimal() for text in texts)
        if kind == "bytes" and self.of_hdf5 or is_whole:
            del group[name]
            write_elem(group, name, texts.astype(np.int64) if is_whole else texts.astype("S"))
        elif kind == "nullable":
            del group[name]
            made = group.create_group(name)
            write_elem(made, "values", texts)
            write_elem(made, "mask", np.zeros(len(texts), dtype=bool))
            made.attrs.update({"encoding-type": "nullable-string-array", "encoding-version": "0.1.0"})

    # ---- the map

    def _write_map(self) -> Path:
        ways, layout = self.ways, self.ways["layout"]
        guides = [*self.screen.guides[self.map_rows], "GONE"]
        genes = [*self.screen.genes[self.map_rows], "LOST"]
        flags = [*map(bool, self.screen.controls[self.map_rows]), False]
        no, yes = {"01": "01", "TF": ("FALSE", "TRUE"), "yn": ("no", "yes")}[ways["flags"]]
        targets = ["non-targeting" if flag else gene for gene, flag in zip(genes, flags)]
        words = [yes if flag else no for flag in flags]
        table = {
            "own": {"guide_name": guides, "gene_name": genes, "is_ntc": words},
            "named": {"Oligo": guides, "Symbol": genes, "Control": words},
            "igvf": {"guide_id": guides, "intended_target_name": targets,
                     "targeting": [no if flag else yes for flag in flags]},
            "sceptre": {"grna_id": guides, "grna_target": targets},
            "cellranger": {"id": guides, "name": [f"n{j}" for j in range(len(guides))],
                           "feature_type": ["CRISPR Guide Capture"] * len(guides), "target_gene_name": targets},
        }[layout]  # fmt: skip
        if layout == "named":
            self.settings["guide_map_columns"] = {"guide": "Oligo", "gene": "Symbol", "control": "Control"}
        if layout in ("own", "named"):
            table["more"] = ["x"] * len(guides)
        columns = self.rng.permutation(list(table))
        path = self.folder / f"map.csv{'.gz' if ways['packed'] else ''}"
        opened = gzip.open if ways["packed"] else open
        with opened(path, "wt", encoding=ways["encoding"], newline="") as file:
            writer = csv.writer(file, delimiter=ways["separator"])
            writer.writerow(columns)
            writer.writerows(zip(*(table[name] for name in columns)))
        return path

import subprocess
import sys
import textwrap

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from anndata.io import read_elem, write_elem
from conftest import DATA, labels, simulated

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.containers.write import write_screen
from fatebias.screens.reader import read_screen


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A written screen, its guide map and the simulation it came from."""
    folder, sim = tmp_path_factory.mktemp("screen"), simulated(cells=300)
    write_screen(
        folder / "s.h5ad", sim.guides, sim.guide_map.guide_name, sim.probs, sim.fates,
        labels("d", sim.day), labels("r", sim.replicate),
    )  # fmt: skip
    sim.guide_map.to_csv(folder / "map.csv", index=False)
    return folder / "s.h5ad", folder / "map.csv", sim


@pytest.fixture
def edited(written, tmp_path):
    """A copy of the written screen, opened for changes, then read."""

    def edit(change, **settings):
        path = tmp_path / "edited.h5ad"
        path.write_bytes(written[0].read_bytes())
        with h5py.File(path, "r+") as file:
            change(file)
        return read_screen(path, written[1], Settings.from_mapping(settings))

    return edit


def replace(file, key, value):
    if key in file:
        del file[key]
    write_elem(file, key, value)


def change_probs(rows, values):
    def change(file):
        probs = read_elem(file["obsm/fateprob"])
        probs.iloc[rows] = values
        replace(file, "obsm/fateprob", probs)

    return change


def same(screen, other):
    return (
        np.array_equal(screen.guide_idx, other.guide_idx)
        and np.array_equal(screen.fate_probs, other.fate_probs)
        and np.array_equal(screen.day, other.day)
        and screen.guide_names == other.guide_names
    )


def test_what_is_written_is_what_is_read(written):
    path, guide_map, sim = written
    screen = read_screen(path, guide_map, Settings.from_mapping())
    assert screen.n_cells == 300 and screen.fates == sim.fates
    assert np.allclose(screen.fate_probs, sim.probs)
    assert np.array_equal(screen.burden, np.diff(sim.guides.indptr))
    presence = sp.csr_matrix(
        (np.ones(len(screen.guide_idx)), screen.guide_idx, screen.guide_ptr), shape=(300, screen.n_guides)
    )
    column = [list(sim.guide_map.guide_name).index(name) for name in screen.guide_names]
    assert (presence != sim.guides[:, column]).nnz == 0


def test_a_written_screen_is_an_ordinary_anndata_file(written):
    adata = anndata.read_h5ad(written[0])
    assert adata.n_obs == 300 and list(adata.obsm["fateprob"].columns) == ["EC", "MES", "NEU"]


@pytest.mark.parametrize("name", ["soft", "onehot"])
def test_reference_screens_read(name):
    screen = read_screen(DATA / f"{name}.h5ad", DATA / f"{name}_guide_map.csv", Settings.from_mapping())
    assert screen.n_days == 4 and screen.fates == ("EC", "MES", "NEU")


def test_every_storage_form_of_guides_gives_the_same_screen(written, edited):
    base = read_screen(written[0], written[1], Settings.from_mapping())
    sim = written[2]
    frame = pd.DataFrame(
        sim.guides.toarray(), columns=list(sim.guide_map.guide_name), index=[f"cell{i}" for i in range(300)]
    )
    for form in (sp.csc_matrix(sim.guides), sim.guides.toarray(), sim.guides.toarray().astype(bool), frame):
        assert same(base, edited(lambda file, form=form: replace(file, "obsm/guide", form)))


def test_plain_arrays_of_fate_probabilities_take_names_from_settings_or_cellrank(written, edited):
    base, probs = read_screen(written[0], written[1], Settings.from_mapping()), written[2].probs[:, [1, 0, 2]]
    assert same(base, edited(lambda file: replace(file, "obsm/fateprob", probs), fates=["MES", "EC", "NEU"]))

    def cellrank(file):
        replace(file, "obsm/lineages_fwd", probs)
        states = pd.Categorical.from_codes(np.full(300, -1), ["MES", "EC", "NEU"])
        replace(file, "obs/term_states_fwd", states)

    assert same(base, edited(cellrank, fate_prob_key="lineages_fwd"))
    with pytest.raises(ScreenError, match="plain array without names.*`fates:"):
        edited(lambda file: replace(file, "obsm/fateprob", probs))


def test_a_replicate_in_obs(written, edited):
    def move(file):
        obs = read_elem(file["obs"])
        obs["donor"] = pd.Categorical([f"r{r}" for r in written[2].replicate])
        replace(file, "obs", obs)
        del file["obsm/covar"]

    screen = edited(move, covar_key=None, rep_key="donor")
    assert np.array_equal(np.array(screen.replicate_labels)[screen.replicate], labels("r", written[2].replicate))


def test_without_a_key_all_cells_are_of_one_replicate(written, edited):
    base = read_screen(written[0], written[1], Settings.from_mapping())

    def drop(file):
        del file["obsm/covar"]

    screen = edited(drop, rep_key=None)
    assert len(screen.replicate_labels) == 1 and set(screen.replicate) == {0}
    assert screen.n_cells == base.n_cells and np.array_equal(screen.day, base.day)
    assert edited(lambda file: None, rep_key=None).replicate_labels == screen.replicate_labels
    with pytest.raises(ScreenError, match="covar"):
        edited(drop)


def test_days_as_numbers(edited):
    screen = edited(lambda file: replace(file, "obs/day", np.repeat([10.0, 2.0, 3.0], 100)))
    assert screen.day_labels == ("2", "3", "10")
    given = edited(lambda file: replace(file, "obs/day", np.repeat([10, 2, 3], 100)), day_levels=[10, 2, 3])
    assert given.day_labels == ("10", "2", "3")


@pytest.mark.parametrize(
    ("rows", "values", "said"),
    [
        (
            [3, 7],
            [0.5, 0.2, 0.2],
            r"2 cell\(s\) whose fate probabilities do not sum to 1.*row 3 \(cell3\), row 7 \(cell7\)",
        ),
        ([4], [np.nan, 0.5, 0.5], r"1 cell\(s\) with NaN or infinite.*row 4 \(cell4\)"),
        ([5], [np.inf, 0.5, 0.5], r"NaN or infinite.*row 5"),
        ([6], [-0.2, 0.6, 0.6], r"negative.*row 6 \(cell6\)"),
    ],
)
def test_bad_probabilities_name_file_key_and_cells(edited, rows, values, said):
    with pytest.raises(ScreenError, match=said) as caught:
        edited(change_probs(rows, values))
    assert "edited.h5ad" in str(caught.value) and "obsm['fateprob']" in str(caught.value)


def test_sums_within_the_tolerance_pass_and_are_made_exact(edited):
    probs = edited(change_probs([3], [0.5, 0.3, 0.2005])).fate_probs
    assert np.allclose(probs.sum(1), 1, atol=1e-12) and np.allclose(probs[3], np.array([0.5, 0.3, 0.2005]) / 1.0005)


def test_cells_without_probabilities_are_left_out_or_refused(edited, written):
    whole = read_screen(*written[:2], Settings.from_mapping())
    screen = edited(change_probs([3, 9], np.nan))
    rest = np.delete(np.arange(300), [3, 9])
    assert screen.left_out == {"no_guide": 0, "too_many_guides": 0, "no_fate_probs": 2}
    assert np.array_equal(screen.fate_probs, whole.fate_probs[rest]) and np.array_equal(screen.day, whole.day[rest])
    assert screen.n_cells_file == 300
    with pytest.raises(ScreenError, match=r"2 cell\(s\) without fate probabilities.*row 3 \(cell3\), row 9 \(cell9\)"):
        edited(change_probs([3, 9], np.nan), missing_fates="error")


def test_rounding_is_mended_and_counted_in_the_screen(edited):
    screen = edited(change_probs([[2, 5]], [[-1e-12, 0.5, 0.5], [0.5, 0.3, 0.2005]]))
    assert screen.mended == {"negative_to_zero": 1, "sum_to_one": 1}
    assert screen.fate_probs[2].tolist() == [0, 0.5, 0.5]


def add(table, **columns):
    def change(file):
        frame = read_elem(file[table])
        for name, values in columns.items():
            frame[name] = values
        replace(file, table, frame)

    return change


def test_covariates_stand_in_their_table_or_in_obs(edited):
    rng = np.random.default_rng(0)
    depth, score = rng.poisson(5000, 300), rng.normal(size=300)

    def change(file):
        add("obsm/covar", depth=depth, lane=pd.Categorical([f"L{i % 3}" for i in range(300)]))(file)
        add("obs", score=score, doublet=[i % 7 == 0 for i in range(300)], depth=0)(file)

    screen = edited(change, covariates=["score", "lane", "depth", "doublet"])
    names = ("score", "lane=L0", "lane=L1", "lane=L2", "depth", "doublet=False", "doublet=True")
    assert screen.covariate_names == names
    for name, values in (("score", score), ("depth", depth)):  # of depth the table's, not that of obs
        found = screen.covariates[:, names.index(name)]
        np.testing.assert_allclose(found, (values - values.mean()) / values.std())
    np.testing.assert_allclose(screen.covariates[:, 6], np.where(np.arange(300) % 7 == 0, 1, 0) - 43 / 300)


def test_clusters_are_labels_of_any_kind(edited):
    for labels_of in (lambda i: i // 5, lambda i: f"clone {i // 5}", lambda i: float(i // 5)):
        screen = edited(add("obs", clone=[labels_of(i) for i in range(300)]), cluster_key="clone")
        pairs = {(int(cluster), i // 5) for i, cluster in enumerate(screen.cluster)}
        assert screen.n_clusters == 60 and len(pairs) == 60
    assert edited(add("obs", cell=[f"c{i}" for i in range(300)]), cluster_key="cell").cluster is None


@pytest.mark.parametrize(
    ("values", "settings", "said"),
    [
        ([1.0] * 300, {"covariates": ["y"]}, r"no column y in obsm\['covar'\] or obs, which `covariates` names; .*rep"),
        ([np.nan] + [1.0] * 299, {"covariates": ["x"]}, r"obs\['x'\]: 1 cell\(s\) without a value: row 0 \(cell0\)"),
        ([np.inf] + [1.0] * 299, {"covariates": ["x"]}, r"1 cell\(s\) with an infinite value: row 0 \(cell0\)"),
        (pd.Categorical([None] + ["a"] * 299), {"covariates": ["x"]}, "without a value: row 0"),
        ([1.0] * 300, {"covariates": ["x"]}, "constant"),
        ([f"c{i}" for i in range(300)], {"covariates": ["x"]}, "another label in each cell"),
        ([1.0] * 300, {"covariates": ["day"]}, "the same as the day"),
        ([1.0] * 300, {"covariates": ["rep"]}, "the same as the replicate"),
        ([1.0] * 300, {"covariates": ["x", "x"]}, "twice: x"),
        ([""] + ["a"] * 299, {"cluster_key": "x"}, "without a label: row 0"),
        (["a", "b"] * 150, {"cluster_key": "x"}, r"2 cluster\(s\).*10 or more"),
        (["a", "b"] * 150, {"cluster_key": "z"}, "no column z .* which `cluster_key` names"),
    ],
)
def test_columns_that_cannot_be_used(edited, values, settings, said):
    with pytest.raises(ScreenError, match=said):
        edited(add("obs", x=values), **settings)


def test_covariates_are_written_beside_the_replicate(written, tmp_path):
    sim, frame = written[2], pd.DataFrame({"depth": np.arange(300.0), "lane": ["A", "B", "B"] * 100})
    args = (
        sim.guides,
        sim.guide_map.guide_name,
        sim.probs,
        sim.fates,
        labels("d", sim.day),
        labels("r", sim.replicate),
    )
    write_screen(tmp_path / "s.h5ad", *args, covariates=frame)
    screen = read_screen(tmp_path / "s.h5ad", written[1], Settings.from_mapping({"covariates": ["lane"]}))
    assert screen.covariate_names == ("lane=A", "lane=B")
    with pytest.raises(ScreenError, match="called rep"):
        write_screen(tmp_path / "s.h5ad", *args, covariates=frame.rename(columns={"lane": "rep"}))


def shorten(file):
    replace(file, "obsm/fateprob", np.full((299, 3), 1 / 3))


def cut_names(file):
    replace(file, "uns/guide_names", np.array(["a", "b"], dtype=object))


def twice(file):
    names = read_elem(file["uns/guide_names"])
    names[1] = names[0]
    replace(file, "uns/guide_names", names)


def unknown_guide(file):
    names = read_elem(file["uns/guide_names"])
    names[0] = "stranger"
    replace(file, "uns/guide_names", names)


def missing_day(file):
    replace(file, "obs/day", pd.Categorical.from_codes(np.r_[-1, np.zeros(299, int)], ["d1"]))


def umi_counts(file):
    guides = read_elem(file["obsm/guide"])
    guides.data[0] = 3
    replace(file, "obsm/guide", guides)


def no_covar(file):
    del file["obsm/covar"]


@pytest.mark.parametrize(
    ("change", "settings", "said"),
    [
        (
            shorten,
            {"fates": ["EC", "MES", "NEU"]},
            "fateprob.*299 rows, but there are 300 cells: tables of",
        ),
        (cut_names, {}, "22 guides, but 2 names"),
        (twice, {}, r"duplicated guide\(s\): GENE00001_sg1"),
        (unknown_guide, {}, r"lacks 1 guide\(s\) of .*edited.h5ad: stranger"),
        (missing_day, {}, r"obs\['day'\]: 1 cell\(s\) without a label: row 0 \(cell0\)"),
        (umi_counts, {}, r"presence \(0 or 1\).*row 0 \(cell0\).*`min_umi`"),
        (no_covar, {}, "no table obsm/covar.*there is: fateprob, guide"),
        (lambda file: None, {"day_key": "time"}, r"no obs\['time'\]; obs has: day"),
        (lambda file: None, {"rep_key": "batch"}, r"no obsm\['covar'\]\['batch'\]; obsm/covar has: rep"),
        (lambda file: None, {"ref_fate": "Endo"}, "no fate Endo; its fates are EC, MES, NEU"),
        (lambda file: None, {"fates": ["EC", "MES"]}, "has the fates EC, MES, NEU, but `fates` names EC, MES"),
        (lambda file: None, {"fates": ["EC", "MES", "NEU", "EC"]}, "but `fates` names EC, MES, NEU, EC. Leave it out"),
        (lambda file: None, {"contrast_fate": "EC"}, "is the reference fate"),
        (lambda file: None, {"fate_prob_key": "guide", "fates": ["EC", "MES"]}, r"obsm\['guide'\] is sparse"),
        (
            lambda file: None,
            {"day_levels": ["d0", "d1"]},
            r"day_levels names d0, d1, but the days are d0, d1, d2; set day_levels: \[d0, d1, d2\]",
        ),
        (lambda file: None, {"day_values": [1, 2]}, "day_values has 2 values, but there are 3 days"),
    ],
)
def test_bad_files_are_refused_with_key_and_remedy(edited, change, settings, said):
    with pytest.raises(ScreenError, match=said):
        edited(change, **settings)


@pytest.mark.parametrize(
    ("content", "said"),
    [(None, "does not exist"), (b"", r"is empty \(0 bytes\)"), (b"day,guide\n", "is not an .h5ad")],
)
def test_not_an_h5ad(tmp_path, written, content, said):
    path = tmp_path / "x.h5ad"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ScreenError, match=said):
        read_screen(path, written[1], Settings.from_mapping())


def test_truncated_file(tmp_path, written):
    path = tmp_path / "x.h5ad"
    path.write_bytes(written[0].read_bytes()[:5000])
    with pytest.raises(ScreenError, match="truncated: copy or write it again|not an .h5ad"):
        read_screen(path, written[1], Settings.from_mapping())


READ = "print(read_screen(path, guide_map, Settings.from_mapping()).n_cells)"
LOAD = "import h5py; h5py.File(path)['X'][:]"


def test_expression_is_never_loaded(tmp_path, written):
    """X and a layer of 48 GB each (unwritten chunks take no disk) in a process allowed 6 GB more than it has."""
    path = tmp_path / "large.h5ad"
    path.write_bytes(written[0].read_bytes())
    with h5py.File(path, "r+") as file:
        del file["X"]
        for key in ("X", "layers/counts", "obsp/connectivities"):
            data = file.create_dataset(
                key, shape=(300, 20_000_000), dtype="f8", chunks=(1, 100_000), compression="gzip"
            )
            data.attrs["encoding-type"], data.attrs["encoding-version"] = "array", "0.2.0"
    code = f"""
        import resource
        from fatebias.screens import read_screen
        from fatebias.base import Settings
        used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (used + 6 * 2**30,) * 2)
        path, guide_map = {str(path)!r}, {str(written[1])!r}
        {READ}
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "300"
    # the limit bites: loading X under it fails
    failed = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code).replace(READ, LOAD)], capture_output=True, text=True
    )
    assert failed.returncode != 0 and "MemoryError" in failed.stderr


def test_a_failed_write_leaves_nothing(tmp_path, written):
    sim = written[2]
    names = sim.guide_map.guide_name
    with pytest.raises(ValueError):
        write_screen(tmp_path / "s.h5ad", sim.guides, names, sim.probs[:5], sim.fates, sim.day, sim.replicate)
    assert list(tmp_path.iterdir()) == []


def test_a_byte_that_turns_in_numbers_is_seen(written, tmp_path):
    """Each number that was written has a checksum around it."""
    path, found = tmp_path / "s.h5ad", {}
    with h5py.File(written[0]) as file:
        file.visititems(lambda name, node: found.setdefault(name, node) and None)
        arrays = {name: node for name, node in found.items() if isinstance(node, h5py.Dataset) and node.size}
        pieces = {
            name: node.id.get_chunk_info(0) for name, node in arrays.items()
            if name.startswith("obs") and node.dtype.kind in "fiu"
        }  # fmt: skip
    assert {"obsm/guide/data", "obsm/guide/indices", "obsm/fateprob/EC", "obs/day/codes"} < set(pieces)
    for name, piece in pieces.items():
        content = bytearray(written[0].read_bytes())
        content[piece.byte_offset + piece.size // 2] ^= 1
        path.write_bytes(bytes(content))
        with pytest.raises(ScreenError, match="it is damaged: copy or write it again"):  # noqa: PT012
            read_screen(path, written[1], Settings.from_mapping())
            pytest.fail(f"{name} was read with another value")

"""Entries of stored containers: each odd encoding is read right, or refused with the file, the entry and what to do."""

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
from anndata.io import write_elem
from written_screen import CELLS, FATES, GUIDES, NAMES, differences, parts, read, screen

from fatebias.base.errors import ScreenError


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    path = tmp_path_factory.mktemp("clean") / "s.h5ad"
    screen().write_h5ad(path)
    return path


@pytest.fixture
def edited(clean, tmp_path):
    """Read a copy of the clean screen after a change of its open file."""

    def edit(change, **settings):
        path = tmp_path / "s.h5ad"
        path.write_bytes(clean.read_bytes())
        with h5py.File(path, "r+") as file:
            change(file)
        return read(path, **settings)

    return edit


def put(file, key, value, **attrs):
    if key in file:
        del file[key]
    write_elem(file, key, value)
    file[key].attrs.update(attrs)


def put_raw(file, key, value, **kw):
    if key in file:
        del file[key]
    file.create_dataset(key, data=value, **kw)


# ---- tables join by name


def reversed_rows(key):
    def change(file):
        table = {"fateprob": pd.DataFrame(parts()["probs"], columns=list(FATES), index=NAMES),
                 "covar": pd.DataFrame({"rep": parts()["rep"]}, index=NAMES),
                 "guide": pd.DataFrame(parts()["presence"], columns=GUIDES, index=NAMES)}[key]  # fmt: skip
        put(file, f"obsm/{key}", table.iloc[::-1])

    return change


@pytest.mark.parametrize("key", ["fateprob", "covar", "guide"])
def test_a_table_in_another_order_is_joined_by_name(clean, edited, key):
    found = edited(reversed_rows(key))
    assert differences(found, read(clean)) == []
    assert f"obsm['{key}'] has its rows in another order than the cells" in str(found.doubts[0])


def test_a_table_with_more_cells_is_joined_by_name(clean, edited):
    def change(file):
        more = pd.DataFrame(np.full((7, 3), 1 / 3), columns=list(FATES), index=[f"gone{i}" for i in range(7)])
        own = pd.DataFrame(parts()["probs"], columns=list(FATES), index=NAMES)
        put(file, "obsm/fateprob", pd.concat([more, own]))

    assert differences(edited(change), read(clean)) == []


def test_a_table_of_other_cells_is_refused(edited):
    def change(file):
        put(file, "obsm/covar", pd.DataFrame({"rep": parts()["rep"]}, index=[f"other{i}" for i in range(CELLS)]))

    with pytest.raises(ScreenError, match=r"obsm\['covar'\] names other cells.*lacks 90 of 90 cells.*reindex"):
        edited(change)

    def one_gone(file):
        index = [*NAMES[:-1], "new"]
        put(file, "obsm/fateprob", pd.DataFrame(parts()["probs"], columns=list(FATES), index=index))

    with pytest.raises(ScreenError, match=r"fateprob.*lacks 1 of 90 cells \(cell89\)"):
        edited(one_gone)


def test_rows_that_are_only_numbered_have_no_names(clean, edited):
    def change(file):
        put(file, "obsm/covar", pd.DataFrame({"rep": parts()["rep"]}, index=[str(i) for i in range(CELLS)]))

    assert differences(edited(change), read(clean)) == []


def test_names_that_appear_twice_join_nothing(clean, edited):
    def change(file):
        index = [f"cell{i % 45}" for i in range(CELLS)]
        put(file, "obs", pd.DataFrame({"day": parts()["day"]}, index=index))
        put(file, "obsm/covar", pd.DataFrame({"rep": parts()["rep"]}, index=index))
        put(file, "obsm/fateprob", pd.DataFrame(parts()["probs"], columns=list(FATES), index=index))

    assert differences(edited(change), read(clean)) == []

    def other(file):
        put(file, "obs", pd.DataFrame({"day": parts()["day"]}, index=[f"cell{i % 45}" for i in range(CELLS)]))

    with pytest.raises(ScreenError, match="names appear twice.*obs_names_make_unique"):
        edited(other)


def test_obs_longer_than_the_tables_is_refused(edited):
    def change(file):
        put_raw(file, "obs/_index", np.array([f"cell{i}" for i in range(CELLS + 9)], dtype=object))

    with pytest.raises(ScreenError, match="lacks 9 of 99 cells"):
        edited(change)


# ---- encodings


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda m: sp.csc_matrix(m), id="csc"),
        pytest.param(lambda m: sp.csr_matrix(m.astype(bool)), id="bool csr"),
        pytest.param(lambda m: sp.csr_matrix(m.astype(np.float32)), id="float csr"),
        pytest.param(lambda m: sp.csr_array(m.astype(np.int64)), id="csr_array"),
        pytest.param(lambda m: m, id="dense"),
        pytest.param(lambda m: m.astype(np.float16), id="float16"),
        pytest.param(lambda m: m.astype(bool), id="bool"),
        pytest.param(lambda m: pd.DataFrame(m, columns=GUIDES, index=NAMES), id="table"),
        pytest.param(lambda m: pd.DataFrame(m, columns=GUIDES, index=NAMES).astype("Int8"), id="nullable table"),
        pytest.param(lambda m: pd.DataFrame(m, columns=GUIDES, index=NAMES).astype("category"), id="categorical table"),
    ],
)
def test_every_form_of_the_guides_is_read_alike(clean, edited, form):
    assert differences(edited(lambda file: put(file, "obsm/guide", form(parts()["presence"]))), read(clean)) == []


def test_unsorted_indices_and_stored_zeros_are_read_alike(clean, edited):
    dense = parts()["presence"]

    def change(file):
        n, g = dense.shape
        put_raw(file, "obsm/guide/data", dense[:, ::-1].ravel())
        put_raw(file, "obsm/guide/indices", np.tile(np.arange(g)[::-1], n))
        put_raw(file, "obsm/guide/indptr", np.arange(n + 1) * g)

    assert differences(edited(change), read(clean)) == []


def test_counts_and_probabilities_need_their_threshold(clean, edited):
    rng, presence = np.random.default_rng(1), parts()["presence"]
    counts = np.where(presence == 1, rng.integers(5, 400, presence.shape), rng.integers(0, 5, presence.shape))
    posterior = np.where(presence == 1, 0.97, 0.2 * rng.random(presence.shape))

    def with_counts(file):
        put(file, "obsm/guide", sp.csr_matrix(counts))

    def with_posterior(file):
        put(file, "obsm/guide", posterior)

    assert differences(edited(with_counts, min_umi=5), read(clean)) == []
    assert differences(edited(with_posterior, min_probability=0.8), read(clean)) == []
    for change in (with_counts, with_posterior):
        with pytest.raises(ScreenError, match=r"must hold presence \(0 or 1\).*`min_umi`.*`min_probability`"):
            edited(change)
    with pytest.raises(ScreenError, match="must hold probabilities.*For counts set `min_umi`"):
        edited(with_counts, min_probability=0.8)
    with pytest.raises(ScreenError, match="must hold counts.*raw counts"):
        edited(with_posterior, min_umi=1)
    with pytest.raises(ScreenError, match="not both"):
        edited(with_counts, min_umi=5, min_probability=0.5)


def test_umi_counts_that_a_byte_cannot_hold_are_no_presence(edited):
    """256 is 0, and 257 is 1, in int8."""
    for value in (256, 257, 0.99, -0.5, np.inf, np.nan):
        counts = parts()["presence"].astype(float)
        counts[3, np.flatnonzero(counts[3])[0]] = value
        with pytest.raises(ScreenError, match=r"must hold presence \(0 or 1\)"):
            edited(lambda file, counts=counts: put(file, "obsm/guide", counts))


def test_guides_in_x_or_a_layer(clean, tmp_path):
    adata = screen()[:, :0]
    p = parts()
    moved = anndata.AnnData(
        X=sp.csr_matrix(p["presence"] * 9), obs=adata.obs, var=pd.DataFrame(index=GUIDES),
        layers={"called": p["presence"]},
        obsm={key: adata.obsm[key] for key in ("covar", "fateprob")},
    )  # fmt: skip
    moved.write_h5ad(tmp_path / "s.h5ad")
    assert differences(read(tmp_path / "s.h5ad", guide_key="layers/called"), read(clean)) == []
    assert differences(read(tmp_path / "s.h5ad", guide_key="X", min_umi=5), read(clean)) == []


def test_a_categorical_of_old_anndata_has_its_categories_apart(clean, edited):
    def change(file):
        codes = pd.Categorical(parts()["day"]).codes
        put_raw(file, "obs/day", codes)
        put_raw(file, "obs/__categories/day", np.array(["d0", "d1", "d2"], dtype=object))

    assert differences(edited(change), read(clean)) == []


def test_a_table_without_attributes_is_read_and_a_matrix_without_them_is_refused(clean, edited):
    def bare(key):
        def change(file):
            for name in list(file[key].attrs):
                del file[key].attrs[name]

        return change

    assert differences(edited(bare("obsm/covar")), read(clean)) == []
    with pytest.raises(ScreenError, match=r"obsm\['guide'\].*does not say its shape"):
        edited(bare("obsm/guide"))


def test_probabilities_as_texts_and_days_as_bytes(clean, edited):
    def texts(file):
        for j, fate in enumerate(FATES):
            put(file, f"obsm/fateprob/{fate}", np.array([repr(float(p)) for p in parts()["probs"][:, j]], dtype=object))

    assert differences(edited(texts), read(clean)) == []
    assert differences(edited(lambda file: put_raw(file, "obs/day", parts()["day"].astype("S2"))), read(clean)) == []


# ---- what is refused


def raw(key, position, value):
    def change(file):
        file[f"obsm/guide/{key}"][position] = value

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (raw("indices", 3, 500), "an index outside its 12 columns"),
        (raw("indices", 3, -5), "an index outside its 12 columns"),
        (raw("indices", slice(0, 20), 2_000_000_000), "an index outside"),
        (raw("indptr", 3, -5), "an indptr that does not go from 0 up"),
        (raw("indptr", 3, 1000), "an indptr that does not go from 0 up"),
        (raw("indptr", 0, 2), "an indptr that does not go from 0 up"),
        (raw("indptr", CELLS, 10**9), "an indptr that does not go from 0 up"),
    ],
)
def test_a_broken_sparse_matrix_is_refused_before_it_is_used(edited, change, words):
    with pytest.raises(ScreenError, match=rf"s.h5ad: obsm\['guide'\] has {words}.*Write it again"):
        edited(change)


def test_an_entry_twice_is_refused_and_not_summed(edited):
    def halves(file):
        matrix = sp.csr_matrix(parts()["presence"])
        put_raw(file, "obsm/guide/data", np.repeat(matrix.data * 0.5, 2))
        put_raw(file, "obsm/guide/indices", np.repeat(matrix.indices, 2))
        put_raw(file, "obsm/guide/indptr", matrix.indptr * 2)

    with pytest.raises(ScreenError, match="has an entry twice in a row"):
        edited(halves)


@pytest.mark.parametrize("shape", [(CELLS, 10**12), (10**12, 12), (-1, 12), (CELLS, 4), (CELLS,)])
def test_a_false_shape_is_refused(edited, shape):
    with pytest.raises(ScreenError, match=r"obsm\['guide'\]"):
        edited(lambda file: file["obsm/guide"].attrs.__setitem__("shape", np.array(shape)))


def test_complex_numbers_are_refused(edited):
    for key, value in (("fateprob", parts()["probs"] + 0j), ("guide", parts()["presence"].astype(complex))):
        with pytest.raises(ScreenError, match=rf"obsm\['{key}'\] holds complex numbers"):
            edited(lambda file, key=key, value=value: put_raw(file, f"obsm/{key}", value), fates=list(FATES))


def test_a_table_far_larger_than_its_cells_is_refused_unread(edited):
    def change(file):
        del file["obsm/guide"]
        file.create_dataset("obsm/guide", shape=(10**12, 12), dtype="i1", chunks=(1000, 12))

    with pytest.raises(ScreenError, match="1000000000000 rows, but there are 90 cells"):
        edited(change)


def test_what_lies_in_another_file_is_refused(edited, clean, tmp_path):
    def external(file):
        del file["obsm/guide"]
        file["obsm/guide"] = h5py.ExternalLink(str(clean), "/obsm/guide")

    def broken(file):
        del file["obsm/guide"]
        file["obsm/guide"] = h5py.SoftLink("/nowhere")

    def virtual(file):
        del file["obsm/guide"]
        layout = h5py.VirtualLayout(shape=(CELLS, 12), dtype="i1")
        layout[:] = h5py.VirtualSource("gone.h5", "x", shape=(CELLS, 12))
        file.create_virtual_dataset("obsm/guide", layout)

    def elsewhere(file):
        del file["obs/day"]
        (tmp_path / "bytes").write_bytes(b"x" * CELLS)
        file.create_dataset("obs/day", shape=(CELLS,), dtype="S1", external=[(str(tmp_path / "bytes"), 0, CELLS)])

    words = {external: "link to another file", broken: "where there is nothing", virtual: "values in another file",
             elsewhere: "values in another file"}  # fmt: skip
    for change, text in words.items():
        with pytest.raises(ScreenError, match=text):
            edited(change)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (
            lambda file: file["obs/day/codes"].__setitem__(5, 100),
            "cannot be read.*write the column again",
        ),
        (lambda file: file["obsm/guide"].attrs.__setitem__("encoding-type", "evil"), "unknown kind"),
        (lambda file: file["obs"].attrs.__setitem__("_index", "nosuch"), "obs has no names of its rows"),
        (
            lambda file: file["obsm/fateprob"].attrs.__setitem__("column-order", ["EC", "MES", "XX"]),
            "names a column XX",
        ),
        (
            lambda file: file["obsm/fateprob"].attrs.__setitem__("column-order", ["EC", "MES", "MES"]),
            "a column twice: MES",
        ),
        (lambda file: put_raw(file, "obsm/covar", np.zeros((CELLS, 1))), "covar"),
        (lambda file: put_raw(file, "uns/guide_names", "one"), "must be a list of names"),
    ],
)
def test_structural_faults_are_worded(edited, change, words):
    with pytest.raises(ScreenError, match=words):
        edited(change)


def test_keys_are_names_and_no_paths(edited):
    for key in ("", ".", "..", "../obsm/guide", "a\0b", "/obsm/guide"):
        with pytest.raises(ScreenError, match=r"has no obsm\["):
            edited(lambda file: None, guide_key=key)


# ---- arrays of HDF5 that are no plain numbers or texts


def test_days_and_replicates_of_an_enumeration_have_its_names(clean, edited):
    """As R's factors may be written: codes with names, whose order is that of the codes."""

    def change(file):
        kind = h5py.enum_dtype({"d2": 3, "d0": 1, "d1": 2}, basetype="u1")
        put_raw(file, "obs/day", np.array([int(day[1]) + 1 for day in parts()["day"]], dtype="u1"), dtype=kind)
        kind = h5py.enum_dtype({"r0": 0, "r1": 1, "NA": 2}, basetype="i1")
        put_raw(file, "obsm/covar/rep", np.array([int(rep[1]) for rep in parts()["rep"]], dtype="i1"), dtype=kind)

    assert differences(edited(change), read(clean)) == []


@pytest.mark.parametrize("kind", [h5py.vlen_dtype(np.int32), h5py.ref_dtype])
def test_lists_and_references_are_no_labels(edited, kind):
    def change(file):
        put_raw(file, "obs/day", None, shape=(CELLS,), dtype=kind)

    with pytest.raises(ScreenError, match=r"obs\['day'\] must be a column of labels"):
        edited(change)


def test_days_in_single_precision_are_written_as_they_were_given(edited):
    days = np.array([[0.1, 0.2, 10][int(day[1])] for day in parts()["day"]], dtype=np.float32)
    found = edited(lambda file: put(file, "obs/day", days))
    assert found.day_labels == ("0.1", "0.2", "10.0")
    assert found.day_values == (0.1, 0.2, 10.0)


# ---- names


@pytest.mark.parametrize("kind", ["categorical", "nullable"])
def test_a_guide_without_a_name_is_refused(edited, kind):
    names = [*GUIDES[:3], None, *GUIDES[4:]]
    column = pd.Categorical(names) if kind == "categorical" else pd.array(names, dtype="string")
    nullable = anndata.settings.override(allow_write_nullable_strings=True)
    said = r"uns\['guide_names'\] has 1 guide\(s\) without a name: row 3"
    with nullable, pytest.raises(ScreenError, match=said):
        edited(lambda file: put(file, "uns/guide_names", column))


def test_blanks_around_the_names_of_fates_are_none(clean, edited):
    def change(file, names):
        put(file, "obsm/fateprob", pd.DataFrame(parts()["probs"], columns=names, index=NAMES))

    assert differences(edited(lambda file: change(file, ["EC", " MES", "NEU "])), read(clean)) == []
    with pytest.raises(ScreenError, match=r"names a fate twice: EC, MES, MES"):
        edited(lambda file: change(file, ["EC", "MES", "MES "]))


def test_a_table_whose_rows_are_numbered_is_told(clean, edited):
    def change(file):
        put(file, "obsm/fateprob/_index", np.array([str(row + 1) for row in range(CELLS)], dtype=object))

    found = edited(change)
    assert differences(found, read(clean)) == []
    assert "obsm['fateprob'] numbers its rows instead of naming them" in str(found.doubts[0])


def test_names_that_appear_twice_in_another_order_are_not_joined_by_position(edited):
    def change(file):
        names = np.array([NAMES[0], *NAMES[:-1]], dtype=object)
        for table in ("obs", "obsm/covar"):
            put(file, f"{table}/_index", names)
        put(file, "obsm/fateprob/_index", names[::-1])

    with pytest.raises(ScreenError, match=r"obsm\['fateprob'\] cannot be joined .* names appear twice \(cell0\)"):
        edited(change)

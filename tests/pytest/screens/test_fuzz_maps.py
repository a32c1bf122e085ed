"""Any file as a guide map: a map, or a ScreenError that names it; random tables are read as they were written."""

import bz2
import csv
import gzip
import io
import lzma
import tarfile
import zipfile

import fuzz
import numpy as np
import pytest
from hypothesis import assume, example, given, target
from hypothesis import strategies as st

from fatebias.base.errors import ScreenError
from fatebias.base.settings import Settings
from fatebias.screens.guide_map import examine_map, read_guide_map, read_map_text
from fatebias.screens.guide_table import read_guide_table

HEADERS = (
    "guide_name,gene_name,is_ntc", "guide_id,intended_target_name,targeting,type", "grna_id,grna_target",
    "id,name,feature_type,target_gene_id,target_gene_name",
)  # fmt: skip
VALID = 'guide_name,gene_name,is_ntc\n\na1,A,0\n"a\n2",A,0\nb1,"B, the second",FALSE\n\nn1,NTC,1\nn2,NTC,TRUE\n'
SETTINGS = st.sampled_from(
    [
        {}, {"control_pattern": "NTC.*"}, {"control_pattern": "(a|aa)+b"},
        {"guide_map_columns": {"guide": "gene_name"}},
        {"guide_map_columns": {"guide": "a", "gene": "b", "control": "c"}},
    ]
)  # fmt: skip
FIELDS = st.one_of(
    st.sampled_from(
        ["", "0", "1", "TRUE", "NTC", "non-targeting", "A", "a1", "NA", "1-Mar", " ", '"', "CRISPR Guide Capture"]
    ),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=5),
)
PACKERS = {
    "csv": bytes, "gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zip": lambda text: zipped(text),
    "tar": lambda text: tarred(text), "tgz": lambda text: gzip.compress(tarred(text)),
}  # fmt: skip


def zipped(text: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("map.csv", text)
    return out.getvalue()


def tarred(text: bytes) -> bytes:
    out, member = io.BytesIO(), tarfile.TarInfo("map.csv")
    member.size = len(text)
    with tarfile.open(fileobj=out, mode="w") as file:
        file.addfile(member, io.BytesIO(text))
    return out.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("maps")


def read(path, content: bytes, settings=None):
    """The map of a file, checked for what every map has; None where a ScreenError names the file."""
    path.write_bytes(content)
    with fuzz.told(ScreenError, path):
        found = read_guide_map(path, Settings.from_mapping(settings))
        n = len(found.guide_names)
        assert n == len(set(found.guide_names)) == len(found.gene_names) == len(found.is_ntc) and found.is_ntc.any()
        assert all(found.guide_names) and all(found.gene_names)
        return found


def test_the_text_that_is_damaged_below_is_valid(folder):
    found = read(folder / "map.csv", VALID.encode())
    assert found.guide_names == ("a1", "a\n2", "b1", "n1", "n2") and found.is_ntc.sum() == 2


@fuzz.fuzz(250)
@given(content=st.binary(max_size=100) | fuzz.damaged(VALID.encode()), settings=SETTINGS)
@example(content=VALID.encode("utf-16"), settings={})
@example(content=VALID.encode("utf-32-be"), settings={})
@example(content=b"guide_name,gene_name,is_ntc\n" + b"," * 200_000 + b"\n", settings={})
def test_any_bytes(folder, content, settings):
    read(folder / "map.csv", content, settings)


@fuzz.fuzz(200)
@given(
    data=st.data(),
    kind=st.sampled_from(sorted(PACKERS)),
    name=st.sampled_from(["map.csv", "map.csv.gz", "map.zip", "map.tar", "map.xlsx"]),
)
def test_any_archive(folder, data, kind, name):
    read(folder / name, data.draw(fuzz.damaged(PACKERS[kind](VALID.encode() * 3))))


@fuzz.fuzz(200)
@given(header=st.sampled_from(HEADERS) | st.lists(FIELDS, max_size=4).map(",".join), data=st.data(), settings=SETTINGS)
def test_any_table(folder, header, data, settings):
    n = header.count(",") + 1
    rows = data.draw(st.lists(st.lists(FIELDS, min_size=n, max_size=n), max_size=6))
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    found = read(folder / "map.csv", f"{header}\n{out.getvalue()}".encode(), settings)
    target(len(rows) * (found is not None))


def line_after(text: str) -> int:
    return 1 + text.replace("\r\n", "\n").replace("\r", "\n").count("\n")


@st.composite
def layouts(draw):
    """Records of three texts, how they are written, and the line of the file where each begins, counted by hand."""
    names = draw(st.lists(st.text("ab\n\u00e9 ;,\t\"'", min_size=1, max_size=4), min_size=1, max_size=5))
    rows = [(f"g{i}{name}x", f"G{i}", "01"[i == 0]) for i, name in enumerate(names)]
    end, separator = draw(st.sampled_from(["\n", "\r\n", "\r"])), draw(st.sampled_from(",;\t"))
    text, lines = f"guide_name{separator}gene_name{separator}is_ntc{end}", []
    for row in rows:
        text += end * draw(st.integers(0, 2)) + (f"{separator}{separator}{end}" * draw(st.integers(0, 1)))
        lines.append(line_after(text))
        text += separator.join('"' + field.replace('"', '""') + '"' for field in row) + end
    return rows, text, lines


@fuzz.fuzz(200)
@given(layout=layouts(), encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]))
def test_random_tables_are_read_as_written_and_their_lines_are_told(folder, layout, encoding):
    rows, text, lines = layout
    path = folder / "map.csv"
    path.write_bytes(text.encode(encoding))
    table = read_map_text(path)
    assert list(zip(*table.columns)) == rows and table.lines == lines


@fuzz.fuzz(100)
@given(layout=layouts(), data=st.data())
def test_the_line_of_a_bad_row_is_the_one_that_is_named(folder, layout, data):
    rows, text, lines = layout
    bad = data.draw(st.integers(0, len(rows) - 1))
    assume(text.count(f'"G{bad}"') == 1)
    path = folder / "map.csv"
    path.write_text(text.replace(f'"G{bad}"', '""'), newline="")
    faults = [one.found for one in examine_map(read_map_text(path), Settings.from_mapping()).faults]
    (fault,) = [one for one in faults if "no gene_name" in one]
    assert f": line {lines[bad]} (" in fault


@fuzz.fuzz(60)
@given(layout=layouts())
def test_the_line_of_an_unclosed_quote_is_the_one_where_its_row_begins(folder, layout):
    _, text, _ = layout
    path = folder / "map.csv"
    path.write_text(text + '"x,A\n\ny,A,0\n', newline="")
    with pytest.raises(ScreenError, match=f"begins in line {line_after(text)} "):
        read_map_text(path)


@fuzz.fuzz(150)
@given(content=fuzz.damaged(b"cell,guide,umi\nc1,a1|b1,3|4\nc2,a1,5\nc3,None,0\n") | st.binary(max_size=60))
def test_any_table_of_guides_in_cells(folder, content):
    path = folder / "calls.csv"
    path.write_bytes(content)
    with fuzz.told(ScreenError, path):
        counts = read_guide_table(path).counts
        assert counts.nnz and np.isfinite(counts.data).all() and (counts.data >= 0).all()

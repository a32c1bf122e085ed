"""Tables as people's programs write them; what a row is and where it begins is worked out by hand."""

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zipfile

import pandas as pd
import pytest

from fatebias.base.errors import ScreenError
from fatebias.screens.text_table import read_text_table, text_table_of

TEXT = "guide,gene,flag\na1,A,0\nb1,B,1\n"
ROWS = [("a1", "A", "0"), ("b1", "B", "1")]


def read(tmp_path, content, name="t.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_text_table(path, "The table")


def rows(table):
    return list(zip(*table.columns))


@pytest.mark.parametrize(
    ("content", "note"),
    [
        (TEXT, ()),
        (TEXT.replace(",", ";"), ("columns separated by semicolons",)),
        (TEXT.replace(",", "\t"), ("columns separated by tabs",)),
        (TEXT.replace(",", " "), ("columns separated by blanks",)),
        ('"guide" "gene" "flag"\n"1" "a1" "A" 0\n"2" "b1" "B" 1\n', ("columns separated by blanks",)),  # write.table()
        ("sep=;\n" + TEXT.replace(",", ";"), ("columns separated by semicolons",)),
        (TEXT.encode("utf-8-sig"), ()),
        (TEXT.encode("utf-16"), ("text in UTF-16",)),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), ("text in UTF-16",)),
        (TEXT.encode("utf-32"), ("text in UTF-32",)),
        (TEXT.replace("\n", "\r\n"), ()),
        (TEXT.replace("\n", "\r"), ()),
        (TEXT.replace("\n", "\n\n"), ()),
        (TEXT + ",,\n , ,\n", ()),
        (TEXT.replace("0\n", "0,\n").replace("1\n", "1,,\n"), ()),  # pandas takes the first column for an index
        (TEXT.replace("flag\n", "flag,,\n"), ()),
        ("guide,gene,flag\n1,a1,A,0\n2,b1,B,1\n", ()),  # R's numbers of rows
        ('"guide","gene","flag"\n"1","a1","A","0"\n"2","b1","B","1"\n', ()),
        (" guide , gene,\tflag\n\u00a0a1,A\u200b, 0\nb1,B,1", ()),
        (gzip.compress(TEXT.encode()), ()),
        (bz2.compress(TEXT.encode()), ()),
        (lzma.compress(TEXT.encode()), ()),
    ],
)
def test_the_same_rows_however_they_are_written(tmp_path, content, note):
    table = read(tmp_path, content)
    assert rows(table) == ROWS and table.header == ("guide", "gene", "flag") and table.notes == note


def test_rows_keep_the_line_where_they_begin(tmp_path):
    table = read(tmp_path, 'guide,gene\n\n"a\n1",A\n\nb1,B\n')
    assert rows(table) == [("a\n1", "A"), ("b1", "B")] and table.lines == [3, 6]
    assert table.rows_named([1]) == "line 6 (b1,B)"


def test_names_that_other_readers_take_for_missing_stay(tmp_path):
    assert rows(read(tmp_path, "guide,gene\nNA,nan\nnull,None\n01,1e5\n")) == [
        ("NA", "nan"),
        ("null", "None"),
        ("01", "1e5"),
    ]


def tarred():
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as file:
        file.addfile(tarfile.TarInfo("t.csv"))
    return out.getvalue()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        ("\n\n", "is empty"),
        ("# my table\n" + TEXT, r"begins with a comment \(line 1: # my table\)"),
        (TEXT + "c1,C\n", r"line 4 has 2 field\(s\), but the header names 3"),
        (TEXT + "\n\nc1,C,0,x\n", r"line 6 has 4 field\(s\), but the header names 3"),
        ("guide,gene,flag\nx,a1,A,0\n", "row.names = FALSE"),
        ("guide,gene,flag\n1,a1,A,0\n3,b1,B,1\n", r"line 3 has 4 field\(s\)"),
        ("guide,gene,flag\n1,a1,A,0\nb1,B,1\n2,c1,C,1\n", r"line 4 has 4"),
        (TEXT.replace("B", '"B'), "row that begins in line 3"),
        (TEXT.replace("B", '"B"x'), "row that begins in line 3"),
        (TEXT.replace("B", "B\xe9").encode("latin1"), "byte 0xe9 in line 3. Save it as UTF-8"),
        (TEXT.replace("B", "B\0"), "NUL in line 3"),
        (TEXT.encode("utf-16-le"), "NUL in line 1: it is no text, or UTF-16 without its mark"),
        (TEXT.encode("utf-16")[:-1], "is not the text in UTF-16"),
        (b"PK\x03\x04" + b"\x8f" * 3000, "Excel workbook or a zip archive that is damaged"),
        (b"\x89HDF\r\n\x1a\n" + b"\0" * 99, "is an HDF5 file"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 99, "Excel workbook"),
        (gzip.compress(TEXT.encode() * 99)[:50], "Cannot read the table .*Is the file whole"),
        (gzip.compress(b"X\n\0\0\0\3" + b"\0" * 99), r"a file of an R object \(.rds\). Write the table with write.csv"),
        (bz2.compress(b"RDX3\nX\n" + b"\0" * 99), r"a file of R objects \(.RData\)"),
        ("\n <!DOCTYPE html>\n<html></html>", "is HTML or XML.*Download the table itself"),
        ('[\n {"guide_name": "a1"}]', "is JSON"),
        (gzip.compress(tarred()), "is a tar archive. Unpack it"),
        (b"PAR1" + b"\0" * 99, "is a Parquet file"),
        ("x" * 200_000 + "\na\n", "row that begins in line 1"),
        ("guide,gene\na," + "x" * 200_000 + "\n", "row that begins in line 2"),
        ("guide,gene\na," + "x" * 2_000_000 + "\n", "too large for what it should be: line 2"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(tmp_path, content, said):
    with pytest.raises(ScreenError, match=said) as caught:
        read(tmp_path, content)
    assert str(tmp_path / "t.csv") in str(caught.value)


@pytest.mark.parametrize("ending", ["gz", "bz2", "xz", "zst", "zip", "tar"])
def test_a_name_that_promises_another_content_is_refused(tmp_path, ending):
    with pytest.raises(ScreenError, match=f"it ends in .{ending}, but the content"):
        read(tmp_path, TEXT, f"t.csv.{ending}")


def test_archives_hold_one_table(tmp_path):
    def archive(*names):
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w") as file:
            for name in names:
                file.writestr(name, TEXT)
        return out.getvalue()

    assert rows(read(tmp_path, archive("a.csv"))) == ROWS
    with pytest.raises(ScreenError, match="zip archive of 2 files"):
        read(tmp_path, archive("a.csv", "b.csv"))
    with pytest.raises(ScreenError, match=r"is a workbook \(Excel"):
        read(tmp_path, archive("[Content_Types].xml", "xl/workbook.xml"))


def test_only_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "broken").symlink_to("gone.csv")
    (tmp_path / "loop").symlink_to("loop")
    cases = {
        "http://127.0.0.1:9/t.csv": "is an address, not a file",
        "s3://bucket/t.csv": "is an address",
        "/dev/zero": "is no file",
        str(tmp_path / "pipe"): "is no file",
        str(tmp_path): "is a folder",
        str(tmp_path / "none.csv"): "does not exist",
        str(tmp_path / "broken"): "does not exist. It is a link to gone.csv",
        str(tmp_path / "loop"): "Cannot read|does not exist",
        "x" * 300: "File name too long",
        "a\0b": "does not exist",
    }
    for path, said in cases.items():
        with pytest.raises(ScreenError, match=said):
            read_text_table(path, "The table")


def test_a_table_may_have_a_size_that_it_must_not_pass(tmp_path):
    (tmp_path / "t.csv").write_text(TEXT * 100)
    with pytest.raises(ScreenError, match="too large for what it should be"):
        read_text_table(tmp_path / "t.csv", "The table", most=500)


def test_a_frame_as_texts():
    frame = pd.DataFrame({"g": pd.Categorical(["a ", None]), "n": [1, 2], "f": [True, False]}, index=["x", "y"])
    table = text_table_of(frame, "here")
    assert rows(table) == [("a", "1", "True"), ("", "2", "False")] and table.index == ["x", "y"]
    assert table.lines is None and table.rows_named([1]) == "row 2 (,2,False)"
    assert text_table_of(frame.reset_index(drop=True), "here").index is None


def test_a_tar_archive_is_told_by_its_content_and_its_name(tmp_path):
    for name in ("t.tar", "t.csv"):
        with pytest.raises(ScreenError, match="is a tar archive. Unpack it"):
            read(tmp_path, tarred(), name)


def test_a_message_shows_long_texts_cut(tmp_path):
    with pytest.raises(ScreenError) as caught:
        read(tmp_path, ",".join(f"{'x' * 9000}{i}" for i in range(9)) + "\na\n")
    assert len(str(caught.value)) < 2000 and f"{'x' * 100}.." in str(caught.value)


def test_a_table_that_begins_with_a_gene_named_as_files_of_r_begin_is_read(tmp_path):
    for name in ("RDX", "RDX2", "RDX3L"):
        assert rows(read(tmp_path, f"{name},guide\nA,a1\nB,b1\n")) == [("A", "a1"), ("B", "b1")]

"""A file opened as text, whatever its compression and encoding; what is no text file is refused before it is read."""

import bz2
import codecs
import gzip
import io
import lzma
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, TextIO

from ..base import ScreenError, from_where

_SAVE_AS_CSV = "Save it as CSV."
_UNPACK = "Unpack it."
_FROM_R = "Write the table with write.csv(row.names = FALSE)."
_COMPRESSED = {".gz": b"\x1f\x8b", ".bz2": b"BZh", ".xz": b"\xfd7zXZ\0", ".zip": b"PK\x03\x04"}
_TAR = rb".{257}ustar"
_ENDINGS = {name: re.escape(mark) for name, mark in _COMPRESSED.items()} | {
    ".zst": re.escape(b"(\xb5/\xfd"), ".7z": b"7z\xbc\xaf", ".tar": _TAR,
}  # fmt: skip
_NO_TEXTS = {  # how files begin that are no texts: what they are, and what to do
    b"\x89HDF\r\n\x1a\n": ("an HDF5 file, as screens are", "Give the table."),
    b"\xd0\xcf\x11\xe0": ("an Excel workbook", _SAVE_AS_CSV),
    b"PAR1": ("a Parquet file", _SAVE_AS_CSV),
    b"ARROW1": ("a Feather file", _SAVE_AS_CSV),
    b"RDX2\n": ("a file of R objects (.RData)", _FROM_R),
    b"RDX3\n": ("a file of R objects (.RData)", _FROM_R),
    b"X\n\0": ("a file of an R object (.rds)", _FROM_R),
    b"\x80\x04": ("a pickle of Python", _SAVE_AS_CSV),
    b"\x80\x05": ("a pickle of Python", _SAVE_AS_CSV),
    b"\x93NUMPY": ("an array of numpy", _SAVE_AS_CSV),
    b"%PDF": ("a PDF file", _SAVE_AS_CSV),
    b"{\\rtf": ("text with formats (RTF)", "Save it as plain text."),
    b"(\xb5/\xfd": ("compressed by zstd", _UNPACK),
    b"7z\xbc\xaf": ("a 7z archive", _UNPACK),
}
_NO_TABLES = (  # how texts begin that are no tables
    (re.compile(rb"\s*<(!doctype|html|head|body|table|svg|\?xml|!--)", re.I), "HTML or XML, as pages of the web are",
     "Download the table itself."),
    (re.compile(rb'\s*[\[{]\s*[\["{\]}]'), "JSON", _SAVE_AS_CSV),
    (re.compile(_TAR, re.S), "a tar archive", _UNPACK),
)  # fmt: skip
_LOOKED_AT = 512  # bytes of its start that tell what a file is
_MARKS = (  # the longer ones first
    (codecs.BOM_UTF32_LE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF32_BE, "utf-32", "UTF-32"),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)
_BROKEN = (OSError, EOFError, ValueError, RuntimeError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


@contextmanager
def open_text(path: Path, source: str) -> Iterator[tuple[TextIO, tuple[str, ...]]]:
    """A text with its line ends as they are, and notes on how it is read. Bytes that are no UTF-8 are escaped.

    source: how messages call it. Raises ScreenError, also for what goes wrong within the `with` block while it is read.
    """
    encoding = name = ""
    try:
        _refuse_no_file(path, source)
        with _decompressed(path, source) as stream:
            start = stream.peek(_LOOKED_AT)
            _refuse_no_text(start, source)
            encoding, name = next(((code, name) for mark, code, name in _MARKS if start.startswith(mark)), ("", ""))
            errors = "strict" if encoding else "surrogateescape"
            text = io.TextIOWrapper(stream, encoding or "utf-8-sig", errors, newline="")
            yield text, (f"text in {name}",) if name else ()
    except _BROKEN as error:
        if name and isinstance(error, UnicodeError):
            raise ScreenError(f"{source} is not the text in {name} that it begins as. Save it as UTF-8.") from error
        raise ScreenError(f"Cannot read {source[0].lower()}{source[1:]}: {error}. Is the file whole?") from error


def _refuse_no_file(path: Path, source: str) -> None:
    if re.match(r"[a-z][a-z0-9+.-]+:/", str(path), re.I):
        raise ScreenError(f"{source} is an address, not a file. Download it first.")
    if not path.exists():
        link = f" It is a link to {path.readlink()}." if path.is_symlink() else ""
        raise ScreenError(f"{source} does not exist{from_where(path)}.{link}")
    if path.is_dir():
        raise ScreenError(f"{source} is a folder. Give the file.")
    if not path.is_file():
        raise ScreenError(f"{source} is no file (a device or a pipe). Save it as a file first.")


def _refuse_no_text(start: bytes, source: str) -> None:
    """Raise ScreenError where a file, or what is packed in it, begins as one that is no table of texts."""
    for mark, (what, remedy) in _NO_TEXTS.items():
        if start.startswith(mark):
            raise ScreenError(f"{source} is {what}. {remedy}")
    for pattern, what, remedy in _NO_TABLES:
        if pattern.match(start):
            raise ScreenError(f"{source} is {what}. {remedy}")


@contextmanager
def _decompressed(path: Path, source: str) -> Iterator[io.BufferedReader]:
    """The bytes of a file, decompressed where its content (not its name) says that it is compressed."""
    with path.open("rb") as file:
        start = file.read(_LOOKED_AT)
    ending = _ENDINGS.get(path.suffix.lower())
    if ending is not None and not re.match(ending, start, re.S):
        raise ScreenError(
            f"{source} is not what its name says: it ends in {path.suffix}, but the content is of another kind. Name "
            "it after its content."
        )
    opened = next((name for name, mark in _COMPRESSED.items() if start.startswith(mark)), "")
    openers: dict[str, Any] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, "": open}
    if opened == ".zip":
        with _only_member(path, source) as member:
            yield io.BufferedReader(member)  # type: ignore[arg-type]
        return
    with openers[opened](path, "rb") as stream:
        yield stream if isinstance(stream, io.BufferedReader) else io.BufferedReader(stream)


@contextmanager
def _only_member(path: Path, source: str) -> Iterator[IO[bytes]]:
    """The one file of a zip archive."""
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile as error:
        raise ScreenError(f"{source} is an Excel workbook or a zip archive that is damaged. {_SAVE_AS_CSV}") from error
    with archive:
        names = [name for name in archive.namelist() if not name.endswith("/")]
        if "[Content_Types].xml" in names or "mimetype" in names:
            raise ScreenError(f"{source} is a workbook (Excel, LibreOffice). {_SAVE_AS_CSV}")
        if len(names) != 1:
            raise ScreenError(f"{source} is a zip archive of {len(names)} files. Unpack it, and give the one.")
        with archive.open(names[0]) as member:
            yield member

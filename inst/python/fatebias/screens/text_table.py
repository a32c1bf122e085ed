"""Tables of texts from the files that people have: separators, encoding and compression are found.

Each row keeps the line where it begins, so that messages can name it. What is no table of texts (a workbook, a screen,
a device, an address) is refused before it is read; a field never moves into another column in silence.
"""

import csv
import itertools
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import pandas as pd

from ..base import ScreenError, first_few, short
from .open_text import open_text

MISSING = frozenset(("", "none", "na", "n/a", "nan", "null", "<na>"))  # words for nothing, in lower case
_SEPARATORS = {",": "", ";": "semicolons", "\t": "tabs", " ": "blanks"}
_LONGEST_LINE = 1 << 20  # characters; a table has no longer one
_LONGEST_FIELD = 1 << 17  # characters, a limit of the module csv
_ESCAPED = re.compile("[\udc80-\udcff]")  # how bytes that are no UTF-8 are decoded
_SHOWN = 5  # rows that a message lists


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """Texts without blanks around them. source: how messages call the table.

    header: names of the columns, which may repeat. columns: texts, those of a column each. lines: where each row begins
    in the file; None for a table that was in memory. notes: how the file was read, where that is not as usual.
    index: for a table from memory, the texts of its index, if any.
    """

    source: str
    header: tuple[str, ...]
    columns: tuple[list[str], ...]
    lines: list[int] | None = None
    notes: tuple[str, ...] = ()
    index: list[str] | None = None

    @property
    def n_rows(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    def series(self, column: int) -> pd.Series:
        return pd.Series(self.columns[column], dtype=object)

    def place(self, row: int) -> str:
        """Where a row stands: its line in the file; in memory its number, from 1."""
        return f"row {row + 1}" if self.lines is None else f"line {self.lines[row]}"

    def rows_named(self, rows: Iterable[int]) -> str:
        """Some rows for a message: where they stand, and their texts."""
        return name_rows((self.place(row), [column[row] for column in self.columns]) for row in rows)


def name_rows(rows: Iterable[tuple[str, Iterable[str]]]) -> str:
    """The first of some rows, of each its place and texts, for a message."""
    rows = list(rows)
    shown = [f"{place} ({','.join(map(short, texts))})" for place, texts in rows[:_SHOWN]]
    return ", ".join(shown) + (f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else "")


def text_table_of(frame: pd.DataFrame, source: str) -> TextTable:
    """A DataFrame as texts; what is missing is ""."""
    columns = tuple(_texts(frame.iloc[:, j]) for j in range(frame.shape[1]))
    index = None if isinstance(frame.index, pd.RangeIndex) else _texts(pd.Series(frame.index))
    return TextTable(source=source, header=tuple(map(str, frame.columns)), columns=columns, index=index)


def _texts(column: pd.Series) -> list[str]:
    missing = column.isna().to_numpy()
    return ["" if no else _text(value).strip() for no, value in zip(missing, column.to_numpy(dtype=object))]


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def read_text_table(path: str | Path, what: str, most: float = np.inf, row_names: bool = False) -> TextTable:
    """A table of a file as texts; raises ScreenError with the line and what to do.

    what: how messages call it, as in "The guide map". most: characters that it may have. row_names: its first column
    may have no name, and none in the line of names (as R writes row names); it is called "" then.
    """
    source = f"{what} {path}"
    with open_text(Path(path), source) as (stream, notes):
        lines = _lines(stream, source, most)
        number, first, separator = _first_line(lines, source)
        separator = separator or _separator(first)
        reader = csv.reader(itertools.chain([first], lines), delimiter=separator, skipinitialspace=True, strict=True)
        records = _records(reader, number, source)
        header = next(records, (0, []))[1]
        if not header:
            raise ScreenError(f"{source} names no column in its first line.")
        while len(header) > 1 and not header[-1]:
            header.pop()
        if row_names:
            records, header = _with_row_names(records, header)
        starts, columns = _body(records, header, source)
    notes += (f"columns separated by {_SEPARATORS[separator]}",) if _SEPARATORS.get(separator) else ()
    return TextTable(source=source, header=tuple(header), columns=columns, lines=starts, notes=notes)


def _lines(stream: TextIO, source: str, most: float) -> Iterator[str]:
    """The lines of a text, none of them endless; raises ScreenError where it is no text."""
    read = 0
    for number in itertools.count(1):
        line = stream.readline(_LONGEST_LINE)
        if not line:
            return
        read += len(line)
        if len(line) == _LONGEST_LINE or read > most:
            raise ScreenError(
                f"{source} is too large for what it should be: line {number} has {len(line):,} characters, and there "
                f"are {read:,} up to there. Is it the right file?"
            )
        if "\0" in line:
            raise ScreenError(
                f"{source} holds the character NUL in line {number}: it is no text, or UTF-16 without its mark. Save "
                "it as CSV in UTF-8."
            )
        odd = None if line.isascii() else _ESCAPED.search(line)
        if odd:
            raise ScreenError(
                f"{source} is not UTF-8 text: byte 0x{ord(odd.group()) - 0xDC00:02x} in line {number}. Save it as "
                'UTF-8 (in Excel: "CSV UTF-8").'
            )
        yield line


def _first_line(lines: Iterator[str], source: str) -> tuple[int, str, str]:
    """Number and text of the line that names the columns, and what separates them where Excel says so ("sep=;")."""
    separator = ""
    for number, line in enumerate(lines, 1):
        said = re.fullmatch(r'"?sep=([,;\t| ])"?\s*', line)
        if said:
            separator = said.group(1)
        elif line.lstrip().startswith("#"):
            raise ScreenError(
                f"{source} begins with a comment (line {number}: {line.strip()[:60]}). Remove it: the first line "
                "must name the columns."
            )
        elif line.strip():
            return number, line, separator
    raise ScreenError(f"{source} is empty.")


def _separator(header: str) -> str:
    """What separates most columns in the line that names them; blanks, which are R's default, where nothing else is."""
    best = max(",;\t", key=lambda sign: len(next(csv.reader([header[:_LONGEST_FIELD]], delimiter=sign))))
    return best if best in header or " " not in header.strip() else " "


def _records(reader: Any, first: int, source: str) -> Iterator[tuple[int, list[str]]]:
    """Line where it begins, and fields without blanks around them, of each row that is not blank."""
    known: dict[str, str] = {}  # one object a text, since names repeat
    while True:
        line = reader.line_num + first
        try:
            fields = [known.setdefault(text, text) for text in map(_stripped, next(reader))]
        except StopIteration:
            return
        except csv.Error as error:
            raise ScreenError(
                f"{source}: the row that begins in line {line} cannot be read ({error}). Do its quotation marks match?"
            ) from error
        if any(fields):
            yield line, fields


def _stripped(text: str) -> str:
    """Without blanks at its ends, and without characters of no width, such as a stray BOM."""
    text = text.strip()
    return text if text.isascii() else text.strip("\u200b\u200c\u200d\u2060\ufeff").strip()


def _with_row_names(
    records: Iterator[tuple[int, list[str]]], header: list[str]
) -> tuple[Iterator[tuple[int, list[str]]], list[str]]:
    """The header with a name for each column, where the first row has one field more than it."""
    first = next(records, None)
    if first is None:
        return records, header
    while len(first[1]) > len(header) and not first[1][-1]:
        first[1].pop()
    named = len(first[1]) == len(header) + 1
    return itertools.chain([first], records), ["", *header] if named else header


def _body(
    records: Iterable[tuple[int, list[str]]], header: list[str], source: str
) -> tuple[list[int], tuple[list[str], ...]]:
    """Lines and columns of the rows below the header. Numbers of rows that R puts before them are no column."""
    n, numbered = len(header), None
    starts: list[int] = []
    columns: tuple[list[str], ...] = tuple([] for _ in header)
    for row, (line, fields) in enumerate(records, 1):
        while len(fields) > n and not fields[-1]:
            fields.pop()
        if numbered is None:
            numbered = len(fields) == n + 1 and fields[0] == "1"
        if numbered and len(fields) == n + 1 and fields[0] == str(row):
            fields = fields[1:]
        if len(fields) != n:
            raise ScreenError(
                f"{source}: line {line} has {len(fields)} field(s), but the header names {n} column(s) "
                f"({first_few(header)}). Give each row a field a column, and quote what holds a separator; in R "
                "write the table with row.names = FALSE."
            )
        starts.append(line)
        for column, text in zip(columns, fields):
            column.append(text)
    return starts, columns

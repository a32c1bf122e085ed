"""The times that labels of days tell: a number with sign and unit, or a date.

A label is words and numbers ("E8.5": e, 8.5). Labels of one screen tell their times where they have the same words and
one of their numbers varies, or where each has one number of the same unit of time ("iPSC_d0", "ME_d2"). Rules:

- A date is year, month, day (2024-01-09, 20240109), perhaps with a time of day; its time is in days from the first.
- A unit stands beside its number (48h, d2, day 2, 3 weeks, 12hpi). Units that differ give no order by themselves.
- A plus or a minus is a sign at the beginning of a label, after a blank or another mark ("-1", "day -1", "T(-2)"). A
  hyphen between a word and a number ("d-2") is a minus where another label has the number right behind the word ("d0"),
  and joins the two where the number of some label is 0 ("day-0": nobody writes minus zero). Else it may be either.
- Words such as "pre" or "minus" may turn the order round, a comma may be decimal, and 1/9/2024 may be in two months:
  such labels give no order.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

LARGEST = 1e15  # of numbers that floats tell apart by one
_DAYS_IN = {"min": 1 / 1440, "h": 1 / 24, "d": 1.0, "w": 7.0, "month": 30.4375, "year": 365.25}
_UNITS = {
    "min": "min mins minute minutes", "h": "h hr hrs hour hours hpi hpa hpf hpt",
    "d": "d day days dpi dpa dpf dpt div", "w": "w wk wks week weeks", "month": "mo month months",
    "year": "y yr yrs year years",
}  # fmt: skip
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_BACKWARDS = {"minus", "neg", "negative", "pre", "before", "prior", "ago"}
_DATE = re.compile(
    r"(?<![\d.])((?:19|20)\d\d)(?:([-/.])(\d{1,2})\2(\d{1,2})|(\d\d)(\d\d))(?:[ t](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?)?"
    r"(?![\d])"
)
_OTHER_DATE = re.compile(r"(?<!\d)\d{1,2}([-/.])\d{1,2}\1\d{2,4}(?!\d)")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")
_LITERAL = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?")


@dataclass(frozen=True, kw_only=True)
class Times:
    """What labels tell of their times. candidates: times of all labels, in their order; several where a sign is open.

    why: why they give no order by themselves ("" where they do: then there is one candidate). doubt: what to look at.
    """

    candidates: tuple[tuple[float, ...], ...] = ()
    why: str = ""
    doubt: str = ""


@dataclass(frozen=True)
class _Number:
    """A number of a label. sign: 0 where a hyphen may be a minus or not. apart: something else stands before it."""

    size: float
    sign: int
    unit: str
    apart: bool = False

    @property
    def value(self) -> float:
        return self.sign * self.size


@dataclass(frozen=True)
class _Label:
    words: tuple[str, ...]
    numbers: tuple[_Number, ...]


def tell_times(labels: Sequence[str]) -> Times:
    """The times of different labels, or why they do not tell them."""
    for why in (_turned_round(labels), _unclear_number(labels)):
        if why:
            return Times(why=why)
    parsed = [_parse(label) for label in labels]
    numbers, doubt = _one_number_each(parsed)
    if isinstance(numbers, str):
        return Times(why=numbers)
    if max(number.size for number in numbers) > LARGEST:
        return Times(why=f"a number is larger than {LARGEST:g}")
    units = sorted({number.unit for number in numbers if number.unit or number.size})  # a bare 0 is one of any unit
    if len(units) > 1:
        return _in_several_units(numbers, units)
    signs = _signs(numbers)
    candidates = tuple(
        _from_first([(number.sign or sign) * number.size for number in numbers], units) for sign in signs
    )
    if len(signs) > 1:
        return Times(candidates=candidates, why="the hyphen before the number may be a minus")
    same = _same(candidates[0], labels)
    return Times(candidates=() if same else candidates, why=same, doubt=doubt)


def spelling(label: str) -> tuple[object, ...]:
    """What two spellings of one day share: case, blanks, zeros before and after a number, words for a unit aside."""
    parsed = _parse(label)
    numbers = [(n.sign, f"{n.size:.15g}" if n.size <= LARGEST else label, n.unit) for n in parsed.numbers]
    return (*parsed.words, *numbers)


def _parse(label: str) -> _Label:
    """A label's words (one more than numbers) without units and signs, and its numbers."""
    text = _folded(label)
    if _LITERAL.fullmatch(text) and not _is_date(text):
        value = float(text)
        return _Label(("", ""), (_Number(abs(value), -1 if value < 0 else 1, ""),))
    words, numbers, end = [], [], 0
    for start, stop, size, unit in _found_numbers(text):
        before, sign, apart = _signed(text[end:start])
        words.append(before)
        numbers.append(_Number(size, sign, unit, apart))
        end = stop
    words.append(text[end:])
    for place, number in enumerate(numbers):
        if not number.unit:
            words[place], words[place + 1], unit = _unit_beside(words[place], words[place + 1])
            numbers[place] = _Number(number.size, number.sign, unit, number.apart)
    return _Label(tuple(word.strip(" _.") for word in words), tuple(numbers))


def _folded(label: str) -> str:
    """A label in small letters, with one kind of blanks, hyphens and digits."""
    text = unicodedata.normalize("NFKC", label).casefold()
    return re.sub(r"\s+", " ", re.sub("[\u2010-\u2014]", "-", text)).strip()


def _found_numbers(text: str) -> list[tuple[int, int, float, str]]:
    """Numbers of a text in their order: begin, end, size, and "date" where it is a date, in days."""
    found, end = [], 0
    dates = [(match.start(), match.end(), day, "date") for match in _DATE.finditer(text) if (day := _as_days(match))]
    for match in _NUMBER.finditer(text):
        inside = next((date for date in dates if date[0] <= match.start() < date[1]), None)
        if match.start() < end:
            continue
        one = inside or (match.start(), match.end(), float(match.group()), "")
        found.append(one)
        end = one[1]
    return found


def _is_date(text: str) -> bool:
    match = _DATE.fullmatch(text)
    return match is not None and _as_days(match) is not None


def _as_days(match: re.Match[str]) -> float | None:
    """A date in days, or None where there is no such date."""
    year, _, month, day, month_2, day_2, hour, minute, second = match.groups()
    date = (int(year), int(month or month_2), int(day or day_2))
    try:
        moment = datetime(*date, int(hour or 0), int(minute or 0), int(second or 0))
    except ValueError:
        return None
    return (moment - datetime(1900, 1, 1)).total_seconds() / 86400


def _signed(before: str) -> tuple[str, int, bool]:
    """What stands before a number without its sign, the sign (0: open), and whether the two are apart."""
    match = re.search(r"([-+\u2212])( *)$", before)
    if match is None:
        return before, 1, before[-1:] in (" ", "_", ".")
    rest, mark = before[: match.start()], match.group(1)
    if mark != "-":
        return rest, 1 if mark == "+" else -1, False
    if match.group(2) == "" and not rest[-1:].isalnum() and (rest or before == "-"):
        return rest, -1, False
    return rest, 0, False


def _unit_beside(before: str, after: str) -> tuple[str, str, str]:
    """Texts before and after a number without its unit of time, and the unit ("" where there is none).

    First what is joined to the number, then what stands before it, then what stands behind.
    """
    behind, ahead = re.match(r"([ _]*)([^\W\d_]+)", after), re.search(r"([^\W\d_]+)([ _.:=(]*)$", before)
    unit_behind = _UNIT_OF.get(behind.group(2), "") if behind else ""
    unit_ahead = _UNIT_OF.get(ahead.group(1), "") if ahead else ""
    if behind and unit_behind and (behind.group(1) == "" or not unit_ahead):
        return before, after[behind.end() :], unit_behind
    if ahead and unit_ahead:
        return before[: ahead.start()], after, unit_ahead
    return before, after, ""


def _one_number_each(parsed: Sequence[_Label]) -> tuple[list[_Number] | str, str]:
    """The number of each label that tells its time, or why none does; and what to look at."""
    if any(not label.numbers for label in parsed):
        return "some label has no number" if any(label.numbers for label in parsed) else "they have no numbers", ""
    if len({label.words for label in parsed}) == 1:
        columns = list(zip(*(label.numbers for label in parsed)))
        varying = [
            column for column in columns if len({(number.sign, number.size, number.unit) for number in column}) > 1
        ]
        varying = varying if len(columns) > 1 else columns
        return (list(varying[0]), "") if len(varying) == 1 else ("several of their numbers vary", "")
    timed = [[number for number in label.numbers if number.unit] for label in parsed]
    if all(len(numbers) == 1 for numbers in timed):
        return [numbers[0] for numbers in timed], "in the order of their numbers, though their other words differ"
    return "their words differ", ""


def _signs(numbers: Sequence[_Number]) -> list[int]:
    """What a hyphen before a number may be: -1 a minus, 1 what joins it to its word; both where it is not told."""
    if all(number.sign for number in numbers):
        return [1]
    told = [number for number in numbers if number.sign]
    if any(number.sign < 0 or not number.apart for number in told):
        return [-1]
    return [1] if not told and any(number.size == 0 for number in numbers) else [1, -1]


def _in_several_units(numbers: Sequence[_Number], units: Sequence[str]) -> Times:
    known = all(unit in _DAYS_IN for unit in units) and all(number.sign for number in numbers)
    in_days = tuple(number.value * _DAYS_IN.get(number.unit, 1.0) for number in numbers)
    words = ", ".join(unit or "none" for unit in units)
    return Times(candidates=(in_days,) if known else (), why=f"they have several units of time ({words})")


def _from_first(values: Sequence[float], units: Sequence[str]) -> tuple[float, ...]:
    """Dates as days from the first; other times as they are."""
    first = min(values) if units == ["date"] else 0.0
    return tuple(value - first for value in values)


def _same(values: Sequence[float], labels: Sequence[str]) -> str:
    """Which two labels tell the same time, in words; "" where none do."""
    seen: dict[str, str] = {}
    for value, label in zip(values, labels):
        if (other := seen.setdefault(f"{value:.15g}", label)) is not label:
            return f"{other} and {label} tell the same time"
    return ""


def _turned_round(labels: Sequence[str]) -> str:
    texts = [_folded(label) for label in labels]
    words = {word for text in texts for word in re.findall(r"[^\W\d_]+", text)} & _BACKWARDS
    if words:
        return f"the word {min(words)} may turn their numbers round"
    return "a hyphen before a word may be a minus" if any(re.match(r"[-\u2212][^\W\d]", text) for text in texts) else ""


def _unclear_number(labels: Sequence[str]) -> str:
    texts = [_folded(label) for label in labels]
    if any(re.search(r"\d,\d", text) for text in texts):
        return "a comma within a number may be decimal or not"
    dates = [label for label, text in zip(labels, texts) if _OTHER_DATE.search(_DATE.sub("", text))]
    return f"{dates[0]} may be a date; write dates as year-month-day" if dates else ""

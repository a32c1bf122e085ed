"""The days of a screen in the order of time, with their times."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..base import ScreenError, Settings, first_few
from .day_times import Times, spelling, tell_times
from .levels import sort_levels

MOST_DAYS = 1000  # more different labels are no days
_SHOWN = 12  # days in a message
_FLAGS = ["False", "True"]


@dataclass(frozen=True, kw_only=True)
class Days:
    """labels in order; values: time of each day, or None where it is not known; doubt: what to look at, or ""."""

    labels: tuple[str, ...]
    values: tuple[float, ...] | None
    doubt: str = ""


class DaysError(ScreenError):
    """Raised where days have no order. found, fix: what is wrong, what to do; levels: an order that may be right."""

    def __init__(self, where: str, found: str, fix: str, levels: Sequence[str] = ()):
        super().__init__(f"{where}: {found}; {fix}.")
        self.found, self.fix, self.levels = found, fix, tuple(levels)


def order_days(
    labels: Iterable[str], settings: Settings, declared: Sequence[str] | None = None, where: str = "the screen"
) -> Days:
    """Days in order: `day_levels`, else the declared one (of an ordered categorical), else that of their numbers.

    Raises DaysError where there is none, where one day is written in two ways, and for times that do not increase.
    """
    found = _different(labels, where)
    if settings.day_key is None and settings.day_levels:
        raise DaysError(where, "day_levels names days", "leave day_levels out: with day_key: null there is one day")
    _refuse_two_spellings(found, f'adata.obs["{settings.day_key}"]', where)
    times = Times(candidates=((0.0, 1.0),), doubt="False before True") if found == _FLAGS else tell_times(found)
    _refuse_levels(settings.day_levels, found, times, where)
    stated = settings.day_levels or (declared and [label for label in declared if label in set(found)])
    order = list(stated or _by_time(found, times, where))
    tables = [dict(zip(found, values)) for values in times.candidates]
    lined_up = [tuple(table[label] for label in order) for table in tables]
    values = next((one for one in lined_up if _increasing(one)), None)
    doubt = "" if stated or len(found) == 1 else times.doubt
    if settings.day_values:
        values = _given_values(settings.day_values, order, where)
    elif stated and lined_up and values is None:
        doubt = "not in the order of their numbers"
    return Days(labels=tuple(order), values=values, doubt=doubt)


def _different(labels: Iterable[str], where: str) -> list[str]:
    found = set(labels)
    if len(found) > MOST_DAYS:
        said = f"{len(found):,} different days, such as {first_few(sorted(found)[:3])}"
        raise DaysError(where, said, "is this the column of the day? Set day_key to that")
    return sort_levels(found)


def _orders(found: Sequence[str], times: Times) -> list[list[str]]:
    """Orders that the times of the days may tell."""
    return [[label for _, label in sorted(zip(values, found))] for values in times.candidates]


def _by_time(found: Sequence[str], times: Times, where: str) -> list[str]:
    """Days in the order of their times; raises DaysError."""
    if len(found) < 2:
        return list(found)
    orders = _orders(found, times)
    if not times.why:
        return orders[0]
    said = f"the days {', '.join(found[:_SHOWN])} have no order of time: {times.why}"
    if not orders:
        fix = "name all days in the order of time, the earliest first: day_levels: [first, second, ..]"
        raise DaysError(where, said, fix)
    lines = " or ".join(f"day_levels: [{', '.join(order)}]" for order in orders)
    fix = f"set the order of time: {lines}" + (", whichever is right" if len(orders) > 1 else "")
    raise DaysError(where, said, fix, orders[0] if len(orders) == 1 else ())


def _refuse_two_spellings(found: Sequence[str], column: str, where: str) -> None:
    seen: dict[tuple[object, ...], str] = {}
    for label in found:
        other = seen.setdefault(spelling(label), label)
        if other != label:
            fix = f"write it in one way: {column} = {column}.astype(str).replace({label!r}, {other!r})"
            raise DaysError(where, f"one day is written in two ways, {other!r} and {label!r}", fix)


def _refuse_levels(given: Sequence[str] | None, found: Sequence[str], times: Times, where: str) -> None:
    """`day_levels` must name each day once."""
    if not given or sorted(given) == sorted(found):
        return
    twice = sorted({label for label in given if given.count(label) > 1})
    said = f"day_levels names {first_few(twice)} twice" if twice else f"day_levels names {first_few(given)}"
    levels = list(dict.fromkeys(given))
    if set(levels) != set(found):
        levels = _orders(found, times)[0] if not times.why else []
    fix = f"set day_levels: [{', '.join(levels)}]" if levels else "name each day once, in the order of time"
    raise DaysError(where, f"{said}, but the days are {first_few(found)}", fix, levels)


def _given_values(given: Sequence[float], order: Sequence[str], where: str) -> tuple[float, ...]:
    shown = " < ".join(order[:_SHOWN])
    if len(given) != len(order):
        said = f"day_values has {len(given)} values, but there are {len(order)} days"
        raise DaysError(where, said, f"give the time of each day, in this order: {shown}")
    if not _increasing(given):
        said = f"day_values must increase from day to day, not {', '.join(f'{value:g}' for value in given)}"
        raise DaysError(where, said, f"give the time of each day, in this order: {shown}")
    return tuple(given)


def _increasing(values: Sequence[float]) -> bool:
    return all(first < second for first, second in zip(values, values[1:]))

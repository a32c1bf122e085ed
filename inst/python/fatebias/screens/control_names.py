"""How controls are usually named, and which names of genes cannot be told apart by eye."""

import re
import unicodedata
from collections.abc import Iterable

_CONTROL = re.compile(
    r"(ntc|nt|non[-_ .]?target\w*|safe[-_ .]?\w*|neg(ative)?[-_ .]?(ctrl|control)\w*|control|ctrl|scrambled?)"
    r"([-_ .].*|\d*)",
    re.I,
)
_CERTAIN = re.compile(
    r"(ntc|non[-_ .]?targeting([-_ .]?controls?)?|safe[-_ .]?targeting([-_ .]?controls?)?|negative[-_ .]?controls?)",
    re.I,
)
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(rf"[0-9]{{1,2}}-({_MONTHS})|({_MONTHS})-[0-9]{{1,2}}", re.I)
_NO_WIDTH = re.compile("[\\s\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")


def looks_like_control(name: str) -> bool:
    """Is a gene or guide named as controls usually are?"""
    return bool(_CONTROL.fullmatch(name.strip()))


def names_controls(name: str) -> bool:
    """Is it a word that stands for controls and nothing else, as tables of targets write it ("non-targeting")?"""
    return bool(_CERTAIN.fullmatch(name.strip()))


def is_date(name: str) -> bool:
    """Is it what Excel makes of MARCH1 or SEPT2, which may be the same for two genes?"""
    return bool(_DATE.fullmatch(name))


def look_alike(names: Iterable[str]) -> list[str]:
    """Names that differ from another by upper and lower case, or by signs without width, only."""
    groups: dict[str, list[str]] = {}
    for name in dict.fromkeys(names):
        groups.setdefault(_NO_WIDTH.sub("", unicodedata.normalize("NFKC", name)).casefold(), []).append(name)
    return [name for group in groups.values() if len(group) > 1 for name in group]

"""Random inputs of the fuzz tests: damaged texts, and trees of what JSON and YAML can hold.

A reader that is fuzzed gives a valid result or a FatebiasError. The examples are the same in every run;
FATEBIAS_FUZZ=N draws N times as many, and others each time.
"""

import os
from contextlib import contextmanager

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from fatebias.base import FatebiasError

MORE = int(os.environ.get("FATEBIAS_FUZZ", 0))
MOST_WORDS = 8000  # characters of a message: a terminal's page or two

NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 2**31, 2**63, 1e308, 5e-324]),
    st.floats(),
)
SCALARS = st.one_of(st.none(), st.booleans(), NUMBERS, st.text(max_size=8))
_PIECES = (
    b"", b"\0", b"\xff", b"\xef\xbb\xbf", b"\xff\xfe", b"\n", b"\r", b"\r\n\r\n", b'"', b"'", b",", b";", b"\t", b" ",
    b"[", b"]" * 9, b"{", b"}", b":", b"- ", b"? ", b"#", b"|", b">", b"&a ", b"*a", b"<<", b"!!python/name:os.system ",
    b"---\n", b"...\n", b"~", b"null", b"NaN", b"Infinity", b"-1", b"1e999", b"9" * 5000, b"[" * 3000, b"\\u0000",
    b"\\ud800", "\u00e9\u202e\u2028".encode(), "\u00e9".encode("latin1"),
)  # fmt: skip


def fuzz(examples: int):
    """So many examples of a test, whatever their time."""
    slow = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]
    return settings(
        max_examples=examples * max(MORE, 1), derandomize=not MORE, database=None, deadline=None,
        suppress_health_check=slow, print_blob=True,
    )  # fmt: skip


def trees(leaves=SCALARS):
    """Lists and dicts of leaves, small ones."""
    return st.recursive(
        leaves,
        lambda below: st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=4), below, max_size=3),
        max_leaves=6,
    )


@st.composite
def damaged(draw, text: bytes):
    """A text with some of its bytes cut, doubled, moved, or replaced by others that mean something somewhere."""
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(start + 12, len(text))))
        piece = draw(st.one_of(st.sampled_from(_PIECES), st.binary(max_size=6), st.just(text[start:end] * 2)))
        text = text[:start] + piece + text[end:]
    return text[: draw(st.integers(0, len(text)))] if draw(st.integers(0, 5)) == 5 else text


@st.composite
def grafted(draw, tree, grafts=None):
    """A tree of dicts and lists in which one place, however deep, holds something else, is twice there, or is gone."""
    grafts = trees() if grafts is None else grafts
    if not isinstance(tree, dict | list) or not tree or draw(st.integers(0, 6)) == 6:
        return draw(grafts)
    keys = list(tree) if isinstance(tree, dict) else range(len(tree))
    key = draw(st.sampled_from(keys))
    copy = dict(tree) if isinstance(tree, dict) else list(tree)
    if draw(st.integers(0, 6)) == 6:
        del copy[key]
    else:
        copy[key] = draw(grafted(tree[key], grafts))
    return copy


@contextmanager
def told(kind: type[FatebiasError], *words: object):
    """Within the `with` block an error of the kind is right: its message can be read, and names what it must."""
    try:
        yield
    except kind as error:
        text = str(error)
        if not 0 < len(text) < MOST_WORDS or not all(str(word) in text for word in words):
            raise AssertionError(f"the message is empty, long, or lacks {words}: {text[:500]}") from error

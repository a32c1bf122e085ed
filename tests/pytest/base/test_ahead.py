"""Items made ahead: the same items in the same order, an error where it comes, no more made than are asked for."""

import threading

import pytest

from fatebias.base import made_ahead


def test_items_come_in_their_order_and_from_another_thread():
    makers = []

    def items():
        for k in range(5):
            makers.append(threading.get_ident())
            yield k

    assert list(made_ahead(items())) == list(range(5))
    assert set(makers).isdisjoint({threading.get_ident()})
    assert list(made_ahead([])) == [] and list(made_ahead([None, 0])) == [None, 0]


def test_an_error_comes_where_its_item_would():
    def items():
        yield 1
        raise MemoryError("no room")

    ahead = made_ahead(items())
    assert next(ahead) == 1
    with pytest.raises(MemoryError, match="no room"):
        next(ahead)


def test_one_item_is_made_ahead_and_no_more():
    made = []

    def items():
        for k in range(10):
            made.append(k)
            yield k

    ahead = made_ahead(items())
    assert next(ahead) == 0
    ahead.close()
    assert len(made) <= 2

"""Items made ahead come in order, with their errors, and no thread outlives its use."""

import threading
import time

import pytest

from danceit_core.media.ahead import made_ahead


def test_all_items_come_in_order_and_none_too_early():
    made = []

    def items():
        for number in range(20):
            made.append(number)
            yield number

    with made_ahead(items(), most=3) as ready:
        first = next(ready)
        time.sleep(0.2)
        assert first == 0
        assert len(made) <= 5  # the one in use, three waiting, one that waits for its place
        assert list(ready) == list(range(1, 20))
    with made_ahead(iter([None, None]), most=1) as ready:
        assert list(ready) == [None, None]


def test_an_error_is_raised_where_its_item_would_have_come():
    def items():
        yield 1
        raise ValueError("no second item")

    with made_ahead(items(), most=4) as ready:
        assert next(ready) == 1
        with pytest.raises(ValueError, match="no second item"):
            next(ready)


def test_leaving_early_ends_the_thread():
    before = threading.active_count()

    def endless():
        while True:
            yield 0

    with made_ahead(endless(), most=2) as ready:
        assert next(ready) == 0
    assert threading.active_count() == before

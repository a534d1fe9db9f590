"""Prefetching: a separate thread runs a generator while its previous items are still in use.

Decoding, drawing, networks and encoding all let other threads run, so stages that feed each other overlap.
"""

import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TypeVar

Item = TypeVar("Item")


@contextmanager
def made_ahead(items: Iterator[Item], *, most: int) -> Iterator[Iterator[Item]]:
    """The same items in the same order, at most `most` (> 0) of them waiting; the thread ends with the context.

    An error of `items` is raised in place of the item.
    """
    waiting: queue.Queue[tuple[bool, Item | BaseException | None]] = queue.Queue(most)
    stop = threading.Event()

    def put(alive: bool, item: Item | BaseException | None) -> None:
        while not stop.is_set():
            with suppress(queue.Full):
                waiting.put((alive, item), timeout=0.1)
                break

    def make() -> None:
        try:
            for item in items:
                put(True, item)
                if stop.is_set():
                    return
            put(False, None)
        except BaseException as error:  # raised again where the items are used
            put(False, error)

    def read() -> Iterator[Item]:
        while True:
            alive, item = waiting.get()
            if alive:
                yield item  # type: ignore[misc]
            elif isinstance(item, BaseException):
                raise item
            else:
                return

    thread = threading.Thread(target=make, daemon=True)
    thread.start()
    try:
        yield read()
    finally:
        stop.set()
        thread.join()

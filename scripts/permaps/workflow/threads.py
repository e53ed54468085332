"""Work ahead: what is made of one item after another, in several threads."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

Item, Made = TypeVar("Item"), TypeVar("Made")


def in_threads(make: Callable[[Item], Made], items: Iterable[Item], threads: int) -> Iterator[Made]:
    """Yield what a function makes of each item, in the order of the items.

    Filtering, compressing and drawing random numbers leave Python free for another thread.

    Parameters
    ----------
    make : callable
        Takes an item; does not depend on what it made of others.
    items : iterable
    threads : int
        As many items are at work at once, so no more results than these are in memory.
    """
    if threads == 1:
        yield from map(make, items)
        return
    with ThreadPoolExecutor(threads) as pool:
        waiting = deque()
        try:
            for item in items:
                waiting.append(pool.submit(make, item))
                if len(waiting) == threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:  # of an error, or of a caller who wants no more
            for one in waiting:
                one.cancel()

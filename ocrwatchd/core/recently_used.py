"""A few open or loaded things, by their keys: the one that was not needed for the longest time is closed first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Thing = TypeVar("Thing")


class RecentlyUsed(Generic[Key, Thing]):
    """Opens things and holds a few of them.

    Args:
        most: so many are open at a time.
        close: closes one of them.
    """

    def __init__(self, most: int, close: Callable[[Thing], object]) -> None:
        self._most: Final = most
        self._close: Final = close
        self._things: Final[OrderedDict[Key, Thing]] = OrderedDict()

    def __contains__(self, key: Key) -> bool:
        return key in self._things

    def get(self, key: Key, opened: Callable[[], Thing]) -> Thing:
        """The thing with this key, to be used before the next one is asked for; ``opened`` makes one that is not there.

        Errors of ``opened`` are passed on.
        """
        if key not in self._things:
            while len(self._things) >= self._most:
                self._close(self._things.popitem(last=False)[1])
            self._things[key] = opened()
        self._things.move_to_end(key)
        return self._things[key]

    def close(self) -> None:
        """Close all of them."""
        while self._things:
            self._close(self._things.popitem()[1])

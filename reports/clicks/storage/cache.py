"""Answers that are kept for as long as there is room."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


class Memo(dict[Key, Value]):
    """`memo[key]` is what `find(key)` gave. When full it starts anew: that costs less than to keep an order,
    for which each hit would pay."""

    def __init__(self, find: Callable[[Key], Value], limit: int) -> None:
        super().__init__()
        self._find = find
        self._limit = limit

    def __missing__(self, key: Key) -> Value:
        value = self._find(key)
        if len(self) >= self._limit:
            self.clear()
        self[key] = value
        return value

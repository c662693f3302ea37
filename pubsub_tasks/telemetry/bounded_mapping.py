"""A mapping that forgets its oldest entries: it keeps what ends with a message, whose end may never come."""

from threading import Lock
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class BoundedMapping(Generic[Key, Value]):
    """Keeps up to `limit` entries. Safe to share between threads."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: dict[Key, Value] = {}
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._entries)

    def put(self, key: Key, value: Value) -> Value | None:
        """Keep a value. Returns the value that is no longer kept, if any: the same key's or the oldest."""
        with self._lock:
            replaced = self._entries.pop(key, None)
            self._entries[key] = value
            if len(self._entries) > self._limit:
                return self._entries.pop(next(iter(self._entries)))
            return replaced

    def pop(self, key: Key) -> Value | None:
        """Return the key's value, which is no longer kept, or None."""
        with self._lock:
            return self._entries.pop(key, None)

"""Observing: who is told which events. Events that nobody watches need not be made: see `Observers.wants`."""

from collections.abc import Iterable
from typing import Any, Self

from ..errors import ConfigurationError
from ..untrusted.exceptions import SafeLogger, reraise_interrupt, safe_repr
from .events import Event, Observer
from .middleware import is_coroutine_function

logger = SafeLogger(__name__)

Kinds = frozenset[type[Any]]


class Observers:
    """A list of observers, and those of `parent` after them. Safe to share between threads.

    Observers are called in the thread or event loop where the fact happened, one after the other. What one
    raises is logged once for each kind of event and error, and goes no further.
    """

    def __init__(self, observers: Iterable[Observer] = (), parent: "Observers | None" = None) -> None:
        """Raises ConfigurationError for what cannot be called, or is `async def`."""
        self._parent = parent
        self._entries: tuple[tuple[Observer, Kinds], ...] = ()
        self._by_kind: dict[type[Any], tuple[Observer, ...]] = {}
        self._failed: set[tuple[int, type[Any], type[BaseException]]] = set()
        for observer in observers:
            self.add(observer)

    @classmethod
    def of(cls, given: "Iterable[Observer] | Observers") -> "Self | Observers":
        """Those given, as one of these."""
        return given if isinstance(given, Observers) else cls(given)

    def add(self, observer: Observer, *kinds: type[Any]) -> None:
        """Tell this one too, of events of these kinds alone if any are given; else of those in its `kinds`.

        Raises ConfigurationError as the constructor does.
        """
        if not callable(observer):
            raise ConfigurationError(f"{safe_repr(observer)} is no observer: give a function of one event")
        if is_coroutine_function(observer):
            raise ConfigurationError(
                f"{safe_repr(observer)} is a coroutine function, and observers are called without a loop: "
                "use `def`"
            )
        wanted = kinds or tuple(getattr(observer, "kinds", ()))
        self._entries = (*self._entries, (observer, frozenset(wanted)))
        self._by_kind = {}

    def wants(self, kind: type[Any]) -> bool:
        """Whether anybody watches events of this kind."""
        return bool(self._watching(kind)) or (self._parent is not None and self._parent.wants(kind))

    def tell(self, event: Event) -> None:
        """Tell each that watches events of this kind."""
        for observer in self._watching(type(event)):
            try:
                observer(event)
            except BaseException as error:
                reraise_interrupt(error)
                self._complain(observer, event, error)
        if self._parent is not None:
            self._parent.tell(event)

    def _watching(self, kind: type[Any]) -> tuple[Observer, ...]:
        by_kind = self._by_kind  # as `add` found it: what is computed from older entries is not kept
        found = by_kind.get(kind)
        if found is None:
            found = tuple(observer for observer, kinds in self._entries if not kinds or kind in kinds)
            by_kind[kind] = found
        return found

    def _complain(self, observer: Observer, event: Event, error: BaseException) -> None:
        key = (id(observer), type(event), type(error))
        if key in self._failed:
            return
        self._failed.add(key)
        logger.error(
            "observer %s failed on %s, which is said once: its errors change nothing",
            safe_repr(observer),
            type(event).__name__,
            exc_info=error,
        )

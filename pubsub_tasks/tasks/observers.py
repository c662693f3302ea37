"""The list of observers and the kinds of events that each is notified of."""

from collections.abc import Iterable
from typing import Any, Self

from ..errors import ConfigurationError
from ..lifecycle import forks
from ..untrusted.exceptions import SafeLogger, reraise_interrupt, safe_repr
from .events import Event, Observer
from .middleware import is_coroutine_function

logger = SafeLogger(__name__)

Kinds = frozenset[type[Any]]


class Observers:
    """A list of observers, followed by those of `parent`. Safe to share between threads.

    Observers are called one after the other, in the thread or event loop where the event happened. Errors
    that an observer raises are logged, once for each kind of event and error, and otherwise ignored.
    """

    def __init__(self, observers: Iterable[Observer] = (), parent: "Observers | None" = None) -> None:
        """Raises ConfigurationError for an observer that cannot be called or is `async def`."""
        self._parent = parent
        self._entries: tuple[tuple[Observer, Kinds], ...] = ()
        self._by_kind: dict[type[Any], tuple[Observer, ...]] = {}
        self._failed: set[tuple[int, type[Any], type[BaseException]]] = set()
        for observer in observers:
            self.add(observer)

    @classmethod
    def of(cls, given: "Iterable[Observer] | Observers") -> "Self | Observers":
        """Return `given` as Observers."""
        return given if isinstance(given, Observers) else cls(given)

    def add(self, observer: Observer, *kinds: type[Any]) -> None:
        """Add an observer of these kinds of events; by default of those in its attribute `kinds`, or of all.

        Raises ConfigurationError if it cannot be called or is `async def`.
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
        """Whether any observer watches events of this kind; if not, the event need not be made."""
        watching = self._by_kind.get(kind)
        if watching is None:
            watching = self._watching(kind)
        return bool(watching) or (self._parent is not None and self._parent.wants(kind))

    def notify(self, event: Event) -> None:
        """Notify all observers that watch events of this kind.

        A process that an observer forks ends with it, so that no message is handled twice.
        """
        generation = forks.generation
        for observer in self._watching(type(event)):
            try:
                observer(event)
            except BaseException as error:
                forks.exit_if_forked(generation, error)
                reraise_interrupt(error)
                self._log_failure(observer, event, error)
            if forks.generation != generation:
                forks.exit_child()
        if self._parent is not None:
            self._parent.notify(event)

    def _watching(self, kind: type[Any]) -> tuple[Observer, ...]:
        # `add` replaces the cache: a result for older entries must not enter the new one.
        by_kind = self._by_kind
        watching = by_kind.get(kind)
        if watching is None:
            watching = tuple(observer for observer, kinds in self._entries if not kinds or kind in kinds)
            by_kind[kind] = watching
        return watching

    def _log_failure(self, observer: Observer, event: Event, error: BaseException) -> None:
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

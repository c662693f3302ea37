"""An observer for services that publish and serve prometheus_client's default registry themselves.

Importing this module registers its metrics there.
"""

from ...lifecycle import forks
from ...tasks.events import Called, Event, NotPublished, Published
from ...tasks.observers import Observers
from .message_metrics import MessageMetrics
from .prometheus_text import register


class PublisherObserver:
    """Counts what this process publishes, and its calls to AWS."""

    kinds = (Published, NotPublished, Called)

    def __init__(self) -> None:
        self._messages = MessageMetrics()
        self._observers = Observers()
        self._messages.watch(self._observers)
        forks.call_in_child(self._after_fork)
        register(self._messages.families)

    def __call__(self, event: Event) -> None:
        """Count an event."""
        self._observers.notify(event)

    def _after_fork(self) -> None:
        self._messages.after_fork()
        forks.call_in_child(self._after_fork)  # a server that forks its workers, which may fork in turn


observe = PublisherObserver()
"""The observer of this process."""

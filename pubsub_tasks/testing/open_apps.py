"""The apps under test that are open, and which of them a publish goes to.

A test, the coroutines and the handlers that it runs find its app by context; a fixture's context is not
always that of its test, but they run in one thread. Another thread, which a test may start, finds the app
that was opened last, such as the test's own within that of the session. If apps are open in several threads,
publishing there raises Unbound: a message must not reach another test.
"""

from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from threading import Lock, get_ident

from ..errors import ConfigurationError, Unbound
from ..tasks.publishable import SupportsPublish
from ..tasks.registry import Tasks
from .published_messages import PublishedMessages


@dataclass(eq=False, slots=True)
class OpenApp:
    """An app under test.

    Attributes:
        producer: what its registries publish with.
        registries: its own, and the default registry.
        graph: its object graph, which no other test may use meanwhile.
        published: what it published.
    """

    producer: SupportsPublish
    registries: tuple[Tasks, ...]
    graph: object
    published: PublishedMessages
    thread: int = field(default_factory=get_ident)
    before: "OpenApp | None" = None

    def open(self) -> None:
        """Publish with this app from now on. Raises ConfigurationError if its graph is in use."""
        with _lock:
            if any(other.graph is self.graph for other in _open):
                raise ConfigurationError(
                    "the object graph is in use by another test: name a callable that makes one, so that "
                    "each test has its own"
                )
            _open.append(self)
            for tasks in self.registries:
                tasks.override = partial(_producer, tasks)
        self.before = _current.get()
        _current.set(self)

    def close(self) -> None:
        """Publish as before it was opened."""
        with _lock:
            _open.remove(self)
            for tasks in self.registries:
                if not any(tasks in other.registries for other in _open):
                    tasks.override = None
        if _current.get() is self:  # else it is closed in another context, where nothing needs to be undone
            _current.set(self.before)


_open: list[OpenApp] = []
_lock = Lock()
_current: ContextVar[OpenApp | None] = ContextVar("pubsub_tasks_open_app", default=None)


def find_open(is_wanted: Callable[[OpenApp], bool]) -> OpenApp | None:
    """The app that is open and wanted: of this context, of this thread, or else of the only thread with any.

    Raises Unbound if several threads have one.
    """
    with _lock:
        wanted = [app for app in _open if is_wanted(app)]
    here = [app for app in reversed(wanted) if app.thread == get_ident()]
    if (current := _current.get()) in wanted:
        return current
    threads = {app.thread for app in wanted}
    if here or len(threads) < 2:
        return next(iter([*here, *reversed(wanted)]), None)
    raise Unbound(
        f"{len(threads)} tests are running in this process, and this thread belongs to none of them: start "
        "it with `asyncio.to_thread`, or with `contextvars.copy_context().run` as its target"
    )


def _producer(tasks: Tasks) -> SupportsPublish | None:
    app = find_open(lambda app: tasks in app.registries)
    return app.producer if app else None

"""Stream: many messages of one schema, sent ten at a time while they come. For one thread."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any, Self

from ..errors import ConfigurationError, MessageError
from .deferred import Sends, sink
from .prepared_message import PreparedMessage
from .publish_batches import PublishBatches
from .publish_results import PublishResults
from .sender import Sender


class Stream:
    """What `task.batch()` gives. `publish_one` publishes content and returns the message id.

    Attributes:
        ids: message ids of what was given, in that order; empty text for what could not be written.
    """

    def __init__(
        self,
        publish_one: Callable[[Any], str],
        sender: Sender,
        *,
        is_fifo: Callable[[], bool] = lambda: False,
    ) -> None:
        self.ids: list[str] = []
        self._publish_one = publish_one
        self._sender = sender
        self._is_fifo = is_fifo
        self._batches = PublishBatches(sender.max_bytes)
        self._results = PublishResults()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self.finish()
        else:
            self._results.add_note_to(error)

    @property
    def published(self) -> list[tuple[int, str]]:
        """Index and message id of each that went out so far."""
        return sorted(self._results.published)

    def publish(self, *made: Any, **content: Any) -> str:
        """Take one more message; returns its id. Raises what is wrong with its content."""
        if made and (content or len(made) > 1 or isinstance(made[0], (Mapping, str))):
            raise TypeError("content goes by name, or is one object as the schema's post_load makes it")
        self.ids.append("")
        self.ids[-1] = self._take(made[0] if made else content)
        return self.ids[-1]

    def extend(self, contents: Iterable[Any]) -> None:
        """Take many; one that cannot be written has failed, and its neighbours go on.

        Raises PublishFailed where another error ends it after some were published.
        """
        with self.completed_by_errors():
            for content in contents:
                self.ids.append("")
                try:
                    self.ids[-1] = self._take(content)
                except MessageError as error:
                    self._results.add_invalid(len(self.ids) - 1, error)
                    if self._is_ordered():  # what follows might be of its group, and must not overtake it
                        self.finish()

    def finish(self) -> None:
        """Send what is left. Raises PublishFailed where any of all failed."""
        with self.completed_by_errors():
            for batch in self._batches.rest():
                self._sender.send_batch(batch, self._results)
        self._results.raise_for_failures()

    def completed_by_errors(self) -> AbstractContextManager[None]:
        """See `PublishResults`. What a deferred block gathers was neither published nor has it failed."""
        return nullcontext() if sink.get() is not None else self._results.completed_by_errors(self._taken)

    def put(self, prepared: PreparedMessage, sender: Sends) -> bool:
        """See `Sink`."""
        with self._results.completed_by_errors(self._taken):
            for batch in self._batches.put(prepared.at(len(self.ids) - 1)):
                self._sender.send_batch(batch, self._results)
        return True

    def _taken(self) -> int:
        return len(self.ids)

    def _is_ordered(self) -> bool:
        try:
            return self._is_fifo()
        except ConfigurationError:  # no topic: nothing will be sent, and content that is wrong is told first
            return False

    def _take(self, content: Any) -> str:
        if sink.get() is not None:  # a deferred block gathers, and its end sends in batches anyway
            return self._publish_one(content)
        token = sink.set(self)
        try:
            return self._publish_one(content)
        finally:
            sink.reset(token)

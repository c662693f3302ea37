"""Publishes many messages of one schema, ten to a call, while they are given."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from types import TracebackType
from typing import Any, Self

from ..errors import ConfigurationError, MessageError
from .deferred import SupportsSend, sink
from .prepared_message import PreparedMessage
from .publish_batches import PublishBatches
from .publish_results import PublishResults
from .sender import Sender


class Stream:
    """The block that `task.batch()` returns. For one thread.

    Attributes:
        ids: message ids in the order of the contents given; an empty string for content that is invalid.
    """

    def __init__(
        self,
        publish_one: Callable[[Any], str],
        sender: Sender,
        *,
        is_fifo: Callable[[], bool] = lambda: False,
    ) -> None:
        """`publish_one` publishes content and returns the message id; `is_fifo` asks whether order counts."""
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
        """Index and message id of each message published so far."""
        return sorted(self._results.published)

    def publish(self, /, *made: Any, **content: Any) -> str:
        """Add a message. Returns its id. Raises as `Publishable.publish` does if its content is invalid."""
        if made and (content or len(made) > 1 or isinstance(made[0], (Mapping, str))):
            raise TypeError("give content by keyword, or as one object that the schema's post_load returns")
        self.ids.append("")
        self.ids[-1] = self._publish(made[0] if made else content)
        return self.ids[-1]

    def extend(self, contents: Iterable[Any]) -> None:
        """Add many messages. Invalid content counts as failed, and the other messages are published.

        Raises PublishFailed if another error ends it after some messages were published.
        """
        with self.completed_by_errors():
            for content in contents:
                self.ids.append("")
                try:
                    self.ids[-1] = self._publish(content)
                except MessageError as error:
                    self._results.add_invalid(len(self.ids) - 1, error)
                    if self._is_ordered():  # the next may be of the same group, and must not overtake it
                        self.finish()

    def finish(self) -> None:
        """Send the messages that are left. Raises PublishFailed if any message of the stream failed."""
        with self.completed_by_errors():
            for batch in self._batches.rest():
                self._sender.send_batch(batch, self._results)
        self._results.raise_for_failures()

    def completed_by_errors(self) -> AbstractContextManager[None]:
        """See `PublishResults`. Does nothing in a deferred block, which has not sent anything yet."""
        return nullcontext() if sink.get() is not None else self._results.completed_by_errors(self._count)

    def put(self, prepared: PreparedMessage, sender: SupportsSend) -> bool:
        """See `Sink`."""
        for batch in self._batches.put(prepared.at(len(self.ids) - 1)):
            with self._results.completed_by_errors(self._count):
                self._sender.send_batch(batch, self._results)
        return True

    def _count(self) -> int:
        return len(self.ids)

    def _is_ordered(self) -> bool:
        try:
            return self._is_fifo()
        except ConfigurationError:  # no topic: nothing is sent, and invalid content is reported first
            return False

    def _publish(self, content: Any) -> str:
        if sink.get() is not None:  # a deferred block collects, and sends in batches at its end
            return self._publish_one(content)
        token = sink.set(self)
        try:
            return self._publish_one(content)
        finally:
            sink.reset(token)

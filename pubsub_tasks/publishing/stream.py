"""Stream: many messages of one schema, sent ten at a time while they come. For one thread."""

from collections.abc import Callable, Iterable, Mapping
from types import TracebackType
from typing import Any, Self

from ..errors import MessageError
from .batches import Batches, Parcel, Results
from .deferred import Sends, sink
from .sending import Sender


class Stream:
    """What `task.batch()` gives. `publish_one` publishes content and returns the message id.

    Attributes:
        ids: message ids of what was given, in that order; empty text for what could not be written.
    """

    def __init__(
        self, publish_one: Callable[[Mapping[str, Any]], str], sender: Sender, *, fifo: bool = False
    ) -> None:
        self.ids: list[str] = []
        self._publish_one = publish_one
        self._sender = sender
        self._fifo = fifo
        self._batches = Batches(sender.max_bytes)
        self._results = Results()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.finish()

    def publish(self, **content: Any) -> str:
        """Take one more message; returns its id. Raises what is wrong with its content."""
        self.ids.append("")
        self.ids[-1] = self._take(content)
        return self.ids[-1]

    def extend(self, contents: Iterable[Mapping[str, Any]]) -> None:
        """Take many; one that cannot be written has failed, and its neighbours go on."""
        for content in contents:
            self.ids.append("")
            try:
                self.ids[-1] = self._take(content)
            except MessageError as error:
                self._results.unwritable(len(self.ids) - 1, error)
                if self._fifo:  # what follows might be of its group, and must not overtake it
                    self.finish()

    def finish(self) -> None:
        """Send what is left. Raises PublishFailed where any of all failed."""
        for batch in self._batches.rest():
            self._sender.send_batch(batch, self._results)
        self._results.check()

    def put(self, parcel: Parcel, sender: Sends) -> bool:
        """See `Sink`."""
        for batch in self._batches.put(parcel.at(len(self.ids) - 1)):
            self._sender.send_batch(batch, self._results)
        return True

    def _take(self, content: Mapping[str, Any]) -> str:
        if sink.get() is not None:  # a deferred block gathers, and its end sends in batches anyway
            return self._publish_one(content)
        token = sink.set(self)
        try:
            return self._publish_one(content)
        finally:
            sink.reset(token)

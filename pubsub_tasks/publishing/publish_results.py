"""The results of messages that are published together: what was published, and why the rest was not."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from ..errors import PublishFailed
from ..wire.records import EntryFailure
from .prepared_message import PreparedMessage

MAX_IDS_IN_NOTE = 10
"""Message ids that the note on an error lists."""


@dataclass(slots=True)
class PublishResults:
    """Results by index.

    Attributes:
        published: index and message id of each message that the service accepted.
        failed: index, error code and error text of each other message.
        cause: the first exception that made messages fail.
    """

    published: list[tuple[int, str]] = field(default_factory=list)
    failed: list[tuple[int, str, str]] = field(default_factory=list)
    cause: Exception | None = None
    _first_failure: str = ""
    _raised: PublishFailed | None = None
    _failed_groups: set[tuple[str, str | None]] = field(default_factory=set)

    def add_published(self, prepared: PreparedMessage) -> None:
        """Record a message that the service accepted."""
        self.published.append((prepared.place, prepared.message_id))

    def add_failed(self, prepared: PreparedMessage, failure: EntryFailure) -> None:
        """Record a message that will not be tried again. On FIFO this blocks the rest of its group."""
        self._first_failure = self._first_failure or _describe(prepared, failure)
        self.failed.append((prepared.place, failure.code, failure.message))
        if prepared.group is not None:
            self._failed_groups.add(prepared.group)

    def add_invalid(self, index: int, error: Exception) -> None:
        """Record content that could not be written as a message."""
        self._first_failure = self._first_failure or str(error)
        self.failed.append((index, type(error).__name__, str(error)))
        self.cause = self.cause or error

    def fail_if_blocked(self, prepared: PreparedMessage) -> bool:
        """Record the message as failed if an earlier one of its group failed. Returns whether it did."""
        if not self._failed_groups or prepared.group not in self._failed_groups:
            return False
        group_id = prepared.outgoing.group_id
        text = f"an earlier message of its group {group_id!r} failed, and this one must not overtake it"
        self.add_failed(prepared, EntryFailure("OutOfOrder", text, retriable=True))
        return True

    @contextmanager
    def completed_by_errors(self, count: Callable[[], int]) -> Iterator[None]:
        """Around code that sends: make an error say which messages were published before it.

        `count` returns how many messages were given. Raises PublishFailed from an `Exception` if any message
        was published or failed before, and the exception itself otherwise. Other exceptions, such as
        KeyboardInterrupt, are raised as they are, with a note.
        """
        try:
            yield
        except Exception as error:
            if error is self._raised or not (self.published or self.failed):
                raise
            done = {index for index, *_ in (*self.published, *self.failed)}
            code, text = type(error).__name__, str(error)
            self.failed += [(index, code, text) for index in range(count()) if index not in done]
            self._raised = PublishFailed(
                f"stopped by {code} after {len(self.published)} messages were published: {text}",
                failed=sorted(self.failed),
                published=sorted(self.published),
                code=code,
            )
            raise self._raised from error
        except BaseException as error:
            self.add_note_to(error)
            raise

    def add_note_to(self, error: BaseException) -> None:
        """Add a note to an error that lists what was published before it."""
        if self.published and error is not self._raised:
            ids = ", ".join(message_id for _, message_id in sorted(self.published)[-MAX_IDS_IN_NOTE:])
            error.add_note(
                f"{len(self.published)} messages were published before this, the last of them {ids}"
            )

    def raise_for_failures(self) -> None:
        """Raise PublishFailed if any message failed."""
        if not self.failed:
            return
        self.failed.sort()
        self.published.sort()
        count = len(self.failed) + len(self.published)
        text = (
            self._first_failure
            if count == 1
            else f"{len(self.failed)} of {count} messages; first {self._first_failure}"
        )
        self._raised = PublishFailed(
            f"not published: {text}",
            failed=self.failed,
            published=self.published,
            code=self.failed[0][1],
        )
        raise self._raised from self.cause


def _describe(prepared: PreparedMessage, failure: EntryFailure) -> str:
    """Why a message failed, with its destination mentioned once: the error text may contain it already."""
    destination = str(prepared.destination)
    message = failure.message.replace(f" on {destination}", "")
    to = "" if destination in message else f" to {destination}"
    return f"{prepared.media_type}{to}: {failure.code} {message}"

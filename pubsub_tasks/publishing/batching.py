"""Which messages go together in one call, and what became of each. No I/O.

A batch is of one topic or queue, of up to ten entries, and of no more bytes than that takes. Where there is
order, it has one entry of a message group: had it two, and the service refused the first alone, the second
would have overtaken it.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Self

from ..errors import PublishFailed
from ..wire.records import MAX_BATCH, EntryFailure, Outgoing
from .fitting import ClaimedBody

FIFO_WINDOW = 100
"""Messages of a FIFO topic among which to look for ten of different groups."""

NOTED = 10
"""Ids that a note on an error names."""


@dataclass(frozen=True, slots=True)
class ScheduledDestination:
    """A topic (ARN) or queue (URL), and when a message is to go there (epoch seconds)."""

    target: str
    at: float

    def __str__(self) -> str:
        return f"a message to {self.target} at {datetime.fromtimestamp(self.at, UTC):%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True, slots=True, eq=False)
class PreparedMessage:
    """A message ready to go: its media type and id, its topic (ARN) or queue (URL), and its weight in bytes.

    `index` is its place among those that were given together; `claim` is to be parked before it goes.
    """

    media_type: str
    message_id: str
    destination: str | ScheduledDestination
    outgoing: Outgoing
    size: int
    index: int = 0
    claim: ClaimedBody | None = None

    def at(self, index: int) -> Self:
        """The same at another place."""
        return replace(self, index=index)

    @property
    def lane(self) -> tuple[str, str | None] | None:
        """What it must keep its place in, or None where there is no order."""
        if isinstance(self.destination, ScheduledDestination) or not self.destination.endswith(".fifo"):
            return None
        return self.destination, self.outgoing.group_id


class PublishBatches:
    """Gathers parcels, and gives a batch when there is a whole one. `max_bytes` is what one call takes."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._waiting: dict[str | ScheduledDestination, list[PreparedMessage]] = {}

    def put(self, prepared: PreparedMessage) -> Iterator[list[PreparedMessage]]:
        """Take one more, and give the batches that are to go now."""
        waiting = self._waiting.setdefault(prepared.destination, [])
        waiting.append(prepared)
        enough = FIFO_WINDOW if prepared.lane else MAX_BATCH
        while len(waiting) >= enough or sum(each.size for each in waiting) >= self._max_bytes:
            yield self._cut(waiting)

    def rest(self) -> Iterator[list[PreparedMessage]]:
        """Give all that is left."""
        for waiting in self._waiting.values():
            while waiting:
                yield self._cut(waiting)

    def _cut(self, waiting: list[PreparedMessage]) -> list[PreparedMessage]:
        batch, waiting[:] = cut(waiting, self._max_bytes)
        return batch


def cut(
    waiting: Sequence[PreparedMessage], max_bytes: int
) -> tuple[list[PreparedMessage], list[PreparedMessage]]:
    """The next batch of what waits for one topic, and what then still waits, both in order."""
    batch: list[PreparedMessage] = []
    left: list[PreparedMessage] = []
    room, group_order = max_bytes, set()
    for prepared in waiting:
        lane = prepared.lane
        fits = len(batch) < MAX_BATCH and (prepared.size <= room or not batch)
        if fits and (lane is None or lane not in group_order):
            batch.append(prepared)
            room -= prepared.size
        else:
            left.append(prepared)
        if lane is not None:
            group_order.add(lane)
    return batch, left


@dataclass(slots=True)
class PublishResults:
    """What became of messages given together: ids of those published by index, and why others were not."""

    published: list[tuple[int, str]] = field(default_factory=list)
    failed: list[tuple[int, str, str]] = field(default_factory=list)
    cause: Exception | None = None
    _first: str = ""
    _stop: PublishFailed | None = None
    _stopped: set[tuple[str, str | None]] = field(default_factory=set)

    def sent(self, prepared: PreparedMessage) -> None:
        """The service took it."""
        self.published.append((prepared.index, prepared.message_id))

    def refused(self, prepared: PreparedMessage, failure: EntryFailure) -> None:
        """It will not be tried again; nor may anything that waits behind it on a FIFO topic."""
        self._first = self._first or _told(prepared, failure)
        self.failed.append((prepared.index, failure.code, failure.message))
        if prepared.lane is not None:
            self._stopped.add(prepared.lane)

    def unwritable(self, index: int, error: Exception) -> None:
        """It could not even be written."""
        self._first = self._first or str(error)
        self.failed.append((index, type(error).__name__, str(error)))
        self.cause = self.cause or error

    def stands_behind(self, prepared: PreparedMessage) -> bool:
        """Whether one of its group failed before it; then it has failed too."""
        if prepared.lane not in self._stopped or prepared.lane is None:
            return False
        group = prepared.outgoing.group_id
        told = (
            f"an earlier message of its group {group!r} was not published, and this one must not overtake it"
        )
        self.refused(prepared, EntryFailure("OutOfOrder", told, retriable=True))
        return True

    @contextmanager
    def stopped_by_errors(self, taken: Callable[[], int]) -> Iterator[None]:
        """Around what sends: an error tells which of the `taken` messages were published before it.

        Raises PublishFailed from the error; the error itself where nothing was published or failed before,
        and with a note where it is no `Exception`, such as a KeyboardInterrupt.
        """
        try:
            yield
        except Exception as error:
            if error is self._stop or not (self.published or self.failed):
                raise
            done = {index for index, *_ in (*self.published, *self.failed)}
            code, told = type(error).__name__, str(error)
            self.failed += [(index, code, told) for index in range(taken()) if index not in done]
            self._stop = PublishFailed(
                f"stopped by {code} after {len(self.published)} messages were published: {told}",
                failed=sorted(self.failed),
                published=sorted(self.published),
                code=code,
            )
            raise self._stop from error
        except BaseException as error:
            self.note(error)
            raise

    def note(self, error: BaseException) -> None:
        """Let an error that goes on as it is tell what was published before it."""
        if self.published and error is not self._stop:
            ids = ", ".join(message_id for _, message_id in sorted(self.published)[-NOTED:])
            error.add_note(
                f"{len(self.published)} messages were published before this, the last of them {ids}"
            )

    def check(self) -> None:
        """Raise PublishFailed if anything failed."""
        if not self.failed:
            return
        self.failed.sort()
        self.published.sort()
        count = len(self.failed) + len(self.published)
        told = self._first if count == 1 else f"{len(self.failed)} of {count} messages; first {self._first}"
        self._stop = PublishFailed(
            f"not published: {told}",
            failed=self.failed,
            published=self.published,
            code=self.failed[0][1],
        )
        raise self._stop from self.cause


def _told(prepared: PreparedMessage, failure: EntryFailure) -> str:
    """Why it was not published, with where it should have gone told once."""
    where = str(prepared.destination)
    message = failure.message.replace(f" on {where}", "")  # so a failed call says it, and often SNS once more
    to = "" if where in message else f" to {where}"
    return f"{prepared.media_type}{to}: {failure.code} {message}"

"""Batches: what goes together in one call, and what became of each. Pure: sends nothing, knows no time.

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
from ..wire import MAX_BATCH, EntryFailure, Outgoing
from .fitting import Claim

FIFO_WINDOW = 100
"""Messages of a FIFO topic among which to look for ten of different groups."""

NOTED = 10
"""Ids that a note on an error names."""


@dataclass(frozen=True, slots=True)
class Due:
    """A topic (ARN) or queue (URL), and when a message is to go there (epoch seconds)."""

    target: str
    at: float

    def __str__(self) -> str:
        return f"a message to {self.target} at {datetime.fromtimestamp(self.at, UTC):%Y-%m-%d %H:%M:%S} UTC"


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """A message ready to go: its media type and id, its topic (ARN) or queue (URL), and its weight in bytes.

    `index` is its place among those that were given together; `claim` is to be parked before it goes.
    """

    media_type: str
    message_id: str
    destination: str | Due
    outgoing: Outgoing
    size: int
    index: int = 0
    claim: Claim | None = None

    def at(self, index: int) -> Self:
        """The same at another place."""
        return replace(self, index=index)

    @property
    def lane(self) -> tuple[str, str | None] | None:
        """What it must keep its place in, or None where there is no order."""
        if isinstance(self.destination, Due) or not self.destination.endswith(".fifo"):
            return None
        return self.destination, self.outgoing.group_id


class Batches:
    """Gathers parcels, and gives a batch when there is a whole one. `max_bytes` is what one call takes."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._waiting: dict[str | Due, list[Parcel]] = {}

    def put(self, parcel: Parcel) -> Iterator[list[Parcel]]:
        """Take one more, and give the batches that are to go now."""
        waiting = self._waiting.setdefault(parcel.destination, [])
        waiting.append(parcel)
        enough = FIFO_WINDOW if parcel.lane else MAX_BATCH
        while len(waiting) >= enough or sum(each.size for each in waiting) >= self._max_bytes:
            yield self._cut(waiting)

    def rest(self) -> Iterator[list[Parcel]]:
        """Give all that is left."""
        for waiting in self._waiting.values():
            while waiting:
                yield self._cut(waiting)

    def _cut(self, waiting: list[Parcel]) -> list[Parcel]:
        batch, waiting[:] = cut(waiting, self._max_bytes)
        return batch


def cut(waiting: Sequence[Parcel], max_bytes: int) -> tuple[list[Parcel], list[Parcel]]:
    """The next batch of what waits for one topic, and what then still waits, both in order."""
    batch: list[Parcel] = []
    left: list[Parcel] = []
    room, lanes = max_bytes, set()
    for parcel in waiting:
        lane = parcel.lane
        fits = len(batch) < MAX_BATCH and (parcel.size <= room or not batch)
        if fits and (lane is None or lane not in lanes):
            batch.append(parcel)
            room -= parcel.size
        else:
            left.append(parcel)
        if lane is not None:
            lanes.add(lane)
    return batch, left


@dataclass(slots=True)
class Results:
    """What became of messages given together: ids of those published by index, and why others were not."""

    published: list[tuple[int, str]] = field(default_factory=list)
    failed: list[tuple[int, str, str]] = field(default_factory=list)
    cause: Exception | None = None
    _first: str = ""
    _stop: PublishFailed | None = None
    _stopped: set[tuple[str, str | None]] = field(default_factory=set)

    def sent(self, parcel: Parcel) -> None:
        """The service took it."""
        self.published.append((parcel.index, parcel.message_id))

    def refused(self, parcel: Parcel, failure: EntryFailure) -> None:
        """It will not be tried again; nor may anything that waits behind it on a FIFO topic."""
        self._first = self._first or _told(parcel, failure)
        self.failed.append((parcel.index, failure.code, failure.message))
        if parcel.lane is not None:
            self._stopped.add(parcel.lane)

    def unwritable(self, index: int, error: Exception) -> None:
        """It could not even be written."""
        self._first = self._first or str(error)
        self.failed.append((index, type(error).__name__, str(error)))
        self.cause = self.cause or error

    def stands_behind(self, parcel: Parcel) -> bool:
        """Whether one of its group failed before it; then it has failed too."""
        if parcel.lane not in self._stopped or parcel.lane is None:
            return False
        group = parcel.outgoing.group_id
        told = (
            f"an earlier message of its group {group!r} was not published, and this one must not overtake it"
        )
        self.refused(parcel, EntryFailure("OutOfOrder", told, retriable=True))
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


def _told(parcel: Parcel, failure: EntryFailure) -> str:
    """Why it was not published, with where it should have gone told once."""
    where = str(parcel.destination)
    message = failure.message.replace(f" on {where}", "")  # so a failed call says it, and often SNS once more
    to = "" if where in message else f" to {where}"
    return f"{parcel.media_type}{to}: {failure.code} {message}"

"""Settling: commands carried out against the queue and its dead-letter queue, and answered entry by entry.

It does as told. What a failure means for the delivery is for `InFlight` to decide; what it means to a reader
of the log is said once per change of state, for each kind of call apart.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ..errors import PubSubTasksError, TransportError
from ..inflight.commands import (
    ChangeVisibility,
    Command,
    Delete,
    ExtendLeases,
    ReportLostLeases,
    SendToDeadLetters,
)
from ..inflight.in_flight_message import InFlightMessage
from ..tasks.events import Confirmed, DeadLettered, Extended, Lost
from ..tasks.observers import Observers
from ..transports.protocols import Queue
from ..untrusted.exceptions import SafeLogger, error_class, error_text
from ..verdicts import DeadLetter, Release
from ..wire.records import EntryFailure, Outgoing, Sent
from ..worker_health.call_health import CallHealth, code_of
from .coordinator import Coordinator

logger = SafeLogger(__name__)


ALONE_AFTER = 2
"""Failures after which a letter is sent by itself: it may be what makes the call of its neighbours fail."""

REFUSALS = frozenset({"BatchRequestTooLong", "InvalidMessageContents", "InvalidParameterValue"})
"""Codes with which a call fails because of what a letter is, so that another try will fail too."""


@dataclass(frozen=True, slots=True)
class DeadLetterTarget:
    """Where dead letters go: the queue, how each is written, and how many bytes one call takes."""

    queue: Queue
    write: Callable[[InFlightMessage, DeadLetter], Outgoing]
    batch_limit: int = 1_048_576


class Settler:
    """Carries out the commands of one queue's station."""

    def __init__(
        self,
        coordinator: Coordinator,
        queue: Queue,
        dead_letters: DeadLetterTarget | None,
        clock: Callable[[], float],
        call_health: Callable[[str], CallHealth],
        observers: Observers,
    ) -> None:
        """`outage` makes one for a kind of call, such as "deleting from orders"."""
        self._coordinator = coordinator
        self._queue = queue
        self._dead_letters = dead_letters
        self._clock = clock
        self._deleting = call_health(f"deleting from {queue.name}")
        self._changing = call_health(f"changing visibility on {queue.name}")
        self._lettering = call_health(f"sending to {dead_letters.queue.name}" if dead_letters else "sending")
        self._observers = observers

    @property
    def calls_health(self) -> Sequence[CallHealth]:
        """One for each kind of call."""
        return (self._deleting, self._changing, self._lettering)

    def carry_out(self, command: Command) -> None:
        """Do it, and report how it went; those that a fault of ours leaves unanswered have failed."""
        try:
            self._carry_out(command)
        except BaseException as error:
            logger.error("a settlement failed unexpectedly, and is tried again", exc_info=error)
            self._leave_unanswered(command)

    def _carry_out(self, command: Command) -> None:
        match command:
            case Delete(members):
                handles = [held.delivery.record.receipt_handle for held in members]
                self._settle(members, self._deleting, lambda: self._queue.delete(handles))
            case ChangeVisibility(members):
                changes = [(held.delivery.record.receipt_handle, held.visibility_timeout) for held in members]
                self._settle(members, self._changing, lambda: self._queue.change_visibility(changes))
            case ExtendLeases(changes):
                self._extend(changes)
            case SendToDeadLetters(members):
                self._send_to_dead_letters(members)
            case ReportLostLeases(members):
                self._tell_lost(members)

    def _settle(
        self,
        members: Sequence[InFlightMessage],
        call_health: CallHealth,
        call: Callable[[], list[EntryFailure | None]],
    ) -> None:
        answers = self._answers(call, len(members), call_health)
        done, failed, lost = _sorted(members, answers)
        with self._coordinator as inflight:
            inflight.settled(done, self._clock())
            inflight.settle_failed(failed, self._clock())
            inflight.expired_on_settle(lost, self._clock())
            self._coordinator.counters.released += sum(isinstance(held.verdict, Release) for held in done)
        if self._observers.wants(Confirmed):
            self._tell_confirmed(done)

    def _extend(self, changes: Sequence[tuple[InFlightMessage, int]]) -> None:
        sent_at = self._clock()
        wire = [(held.delivery.record.receipt_handle, seconds) for held, seconds in changes]
        answers = self._answers(lambda: self._queue.change_visibility(wire), len(changes), self._changing)
        seconds = dict(changes)
        done, failed, lost = _sorted(list(seconds), answers)
        with self._coordinator as inflight:
            now = self._clock()
            inflight.extended([(held, seconds[held]) for held in done], sent_at, now)
            inflight.extend_failed(failed, now)
            inflight.expired_on_extend(lost, now)
        if done and self._observers.wants(Extended):
            self._observers.tell(Extended(self._queue.name, tuple(held.delivery for held in done)))

    def _send_to_dead_letters(self, members: Sequence[InFlightMessage]) -> None:
        if self._dead_letters is None:
            raise ValueError("a DeadLetter is decided only where there is a queue for it")
        written = [(held, self._written(held, self._dead_letters)) for held in members]
        with self._coordinator as inflight:
            inflight.settle_failed([held for held, letter in written if letter is None], self._clock())
        for portion, letters in _portions(written, self._dead_letters.batch_limit):
            answers = self._answers(partial(self._send, letters), len(portion), self._lettering)
            sent, failed, refused = _sorted(portion, answers)
            with self._coordinator as inflight:
                inflight.dead_lettered(sent, self._clock())
                inflight.settle_failed(failed, self._clock())
                inflight.settle_failed(refused, self._clock(), refused=True)
                for held in sent:
                    self._coordinator.counters.confirmed(held.verdict)
            if self._observers.wants(DeadLettered):
                self._tell_dead_lettered(sent)

    def _written(self, held: InFlightMessage, dead_letters: DeadLetterTarget) -> Outgoing | None:
        """Its letter, None where a fault of ours prevents that: it is tried again while its lease holds."""
        try:
            if not isinstance(held.verdict, DeadLetter):
                raise ValueError(f"{held!r} has no dead letter's verdict")
            return dead_letters.write(held, held.verdict)
        except BaseException as error:
            logger.error("message %s cannot be made a dead letter", held.delivery.id, exc_info=error)
            return None

    def _leave_unanswered(self, command: Command) -> None:
        with self._coordinator as inflight:
            now = self._clock()
            match command:
                case ReportLostLeases():
                    return
                case ExtendLeases(changes):
                    inflight.extend_failed([held for held, _ in changes if held.extending], now)
                case Delete(members) | ChangeVisibility(members) | SendToDeadLetters(members):
                    inflight.settle_failed([held for held in members if held.command_sent], now)

    def _send(self, letters: Sequence[Outgoing]) -> list[EntryFailure | None]:
        assert self._dead_letters is not None
        try:
            answers = self._dead_letters.queue.send(letters)
        except TransportError as error:
            if len(letters) > 1 or error.code.rpartition(".")[2] not in REFUSALS:
                raise
            return [EntryFailure(error.code, error_text(error), retriable=False)]
        return [None if isinstance(answer, Sent) else answer for answer in answers]

    def _answers(
        self, call: Callable[[], list[EntryFailure | None]], count: int, call_health: CallHealth
    ) -> list[EntryFailure | None]:
        try:
            answers = call()
        except PubSubTasksError as error:
            call_health.failed(error)
            return [EntryFailure(code_of(error), error_text(error), retriable=True)] * count
        except BaseException as error:  # a bug must not lose what is in hand
            if not call_health.on:
                logger.error("a settlement failed unexpectedly, and is tried again", exc_info=error)
            call_health.failed(error)
            return [EntryFailure(error_class(error), error_text(error), retriable=True)] * count
        refused = [answer for answer in answers if answer is not None and not answer.lost]
        for answer in refused:
            call_health.failed(
                TransportError(f"an entry was refused: {answer.code} {answer.message}", code=answer.code)
            )
        if not refused:
            call_health.succeeded()
        return answers

    def _tell_lost(self, members: Sequence[InFlightMessage]) -> None:
        with self._coordinator:
            self._coordinator.counters.lost += len(members)
        for held in members if self._observers.wants(Lost) else ():
            self._observers.tell(Lost(self._queue.name, held.delivery))

    def _tell_confirmed(self, members: Sequence[InFlightMessage]) -> None:
        for held in members:
            if held.verdict is not None:
                self._observers.tell(Confirmed(self._queue.name, held.delivery, held.task, held.verdict))

    def _tell_dead_lettered(self, members: Sequence[InFlightMessage]) -> None:
        name = self._queue.name
        for held in members:
            if isinstance(verdict := held.verdict, DeadLetter):
                fact = DeadLettered(name, held.delivery, held.task, verdict.reason, verdict.error)
                self._observers.tell(fact)


def _sorted(
    members: Sequence[InFlightMessage], answers: Sequence[EntryFailure | None]
) -> tuple[list[InFlightMessage], list[InFlightMessage], list[InFlightMessage]]:
    """(done, failed and worth another try, lost for good)."""
    done: list[InFlightMessage] = []
    failed: list[InFlightMessage] = []
    lost: list[InFlightMessage] = []
    for held, answer in zip(members, answers, strict=True):
        (done if answer is None else failed if answer.retriable and not answer.lost else lost).append(held)
    return done, failed, lost


def _portions(
    written: Sequence[tuple[InFlightMessage, Outgoing | None]], batch_limit: int
) -> list[tuple[list[InFlightMessage], list[Outgoing]]]:
    """The letters, cut so that each call stays under the byte limit of a batch."""
    portions: list[tuple[list[InFlightMessage], list[Outgoing]]] = []
    room = 0
    for held, letter in written:
        if letter is None:
            continue
        alone = held.failures >= ALONE_AFTER
        if alone or letter.size > room:
            portions.append(([], []))
            room = batch_limit
        portions[-1][0].append(held)
        portions[-1][1].append(letter)
        room = 0 if alone else room - letter.size
    return portions

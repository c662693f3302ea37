"""Settles messages: carries out commands on the queue and its dead-letter queue, and reports each answer."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import NamedTuple

from ..errors import PubSubTasksError, TransportError
from ..in_flight.commands import (
    ChangeVisibility,
    Command,
    Delete,
    ExtendLeases,
    ReportLostLeases,
    SendToDeadLetters,
)
from ..in_flight.in_flight_message import InFlightMessage
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
"""Failures after which a dead letter is sent alone, since it may be what makes the whole batch fail."""

REFUSALS = frozenset({"BatchRequestTooLong", "InvalidMessageContents", "InvalidParameterValue"})
"""Error codes of a send that fails because of the content of a dead letter, and would fail again."""

Answers = list[EntryFailure | None]


class DeadLetterTarget(NamedTuple):
    """The dead-letter queue, what writes the dead letter of a message, and the bytes that a send accepts."""

    queue: Queue
    write: Callable[[InFlightMessage, DeadLetter], Outgoing]
    batch_limit: int = 1_048_576


class Settler:
    """Carries out the commands of one queue.

    Args:
        coordinator: gets the answers.
        queue: the queue whose messages are settled.
        dead_letters: where dead letters go, or None.
        clock: returns seconds that never go back.
        make_call_health: returns the health of a kind of call, such as "deleting from orders".
        observers: notified of `Confirmed`, `DeadLettered`, `Extended` and `Lost`.
    """

    def __init__(
        self,
        coordinator: Coordinator,
        queue: Queue,
        dead_letters: DeadLetterTarget | None,
        clock: Callable[[], float],
        make_call_health: Callable[[str], CallHealth],
        observers: Observers,
    ) -> None:
        self._coordinator = coordinator
        self._queue = queue
        self._dead_letters = dead_letters
        self._clock = clock
        self._deletes = make_call_health(f"deleting from {queue.name}")
        self._visibility_changes = make_call_health(f"changing visibility on {queue.name}")
        self._dead_letter_sends = make_call_health(
            f"sending to {dead_letters.queue.name}" if dead_letters else "sending"
        )
        self._observers = observers

    @property
    def call_health(self) -> Sequence[CallHealth]:
        """The health of each kind of call."""
        return (self._deletes, self._visibility_changes, self._dead_letter_sends)

    def carry_out(self, command: Command) -> None:
        """Carry out a command and report its answers. Never raises: after a fault all its messages failed."""
        try:
            match command:
                case Delete(messages):
                    handles = [message.delivery.record.receipt_handle for message in messages]
                    self._settle(messages, partial(self._queue.delete, handles), self._deletes)
                case ChangeVisibility(messages):
                    timeouts = [message.visibility_timeout for message in messages]
                    self._settle(messages, self._change(messages, timeouts), self._visibility_changes)
                case ExtendLeases(extensions):
                    self._extend(extensions)
                case SendToDeadLetters(messages):
                    self._send_to_dead_letters(messages)
                case ReportLostLeases(messages):
                    self._report_lost(messages)
        except BaseException as error:
            logger.error("a settlement failed unexpectedly, and is tried again", exc_info=error)
            self._report_unanswered(command)

    def _settle(
        self, messages: Sequence[InFlightMessage], call: Callable[[], Answers], call_health: CallHealth
    ) -> None:
        answers = self._answers(call, len(messages), call_health)
        done, failed, lost = _sort(messages, answers)
        with self._coordinator as inflight:
            inflight.settled(done, self._clock())
            inflight.settle_failed(failed, self._clock())
            inflight.expired_on_settle(lost, self._clock())
            released = [message for message in done if isinstance(message.verdict, Release)]
            self._coordinator.counters.released += len(released)
        if self._observers.wants(Confirmed):
            self._report_confirmed(done)

    def _change(self, messages: Iterable[InFlightMessage], timeouts: Iterable[int]) -> Callable[[], Answers]:
        handles = [message.delivery.record.receipt_handle for message in messages]
        return partial(self._queue.change_visibility, list(zip(handles, timeouts, strict=True)))

    def _extend(self, extensions: Sequence[tuple[InFlightMessage, int]]) -> None:
        sent_at = self._clock()
        seconds = dict(extensions)
        call = self._change(seconds, seconds.values())
        answers = self._answers(call, len(seconds), self._visibility_changes)
        done, failed, lost = _sort(list(seconds), answers)
        with self._coordinator as inflight:
            now = self._clock()
            inflight.extended([(message, seconds[message]) for message in done], sent_at, now)
            inflight.extend_failed(failed, now)
            inflight.expired_on_extend(lost, now)
        if done and self._observers.wants(Extended):
            self._observers.notify(Extended(self._queue.name, tuple(message.delivery for message in done)))

    def _send_to_dead_letters(self, messages: Sequence[InFlightMessage]) -> None:
        if self._dead_letters is None:
            raise ValueError("a dead letter was decided without a dead-letter queue")
        written = [(message, self._write(message, self._dead_letters)) for message in messages]
        with self._coordinator as inflight:
            inflight.settle_failed([message for message, letter in written if letter is None], self._clock())
        for batch, letters in _batches(written, self._dead_letters.batch_limit):
            answers = self._answers(partial(self._send, letters), len(batch), self._dead_letter_sends)
            sent, failed, refused = _sort(batch, answers)
            with self._coordinator as inflight:
                inflight.dead_lettered(sent, self._clock())
                inflight.settle_failed(failed, self._clock())
                inflight.settle_failed(refused, self._clock(), refused=True)
                for message in sent:
                    self._coordinator.counters.count_dead_letter(message.verdict)
            if self._observers.wants(DeadLettered):
                self._report_dead_lettered(sent)

    def _write(self, message: InFlightMessage, dead_letters: DeadLetterTarget) -> Outgoing | None:
        """Return the dead letter of a message, or None after a fault: it is retried while its lease lasts."""
        try:
            if not isinstance(message.verdict, DeadLetter):
                raise ValueError(
                    f"{message!r} is to be dead-lettered, but its verdict is {message.verdict!r}"
                )
            return dead_letters.write(message, message.verdict)
        except BaseException as error:
            logger.error("message %s cannot be made a dead letter", message.delivery.id, exc_info=error)
            return None

    def _send(self, letters: Sequence[Outgoing]) -> Answers:
        assert self._dead_letters is not None
        try:
            answers = self._dead_letters.queue.send(letters)
        except TransportError as error:
            if len(letters) > 1 or error.code.rpartition(".")[2] not in REFUSALS:
                raise
            return [EntryFailure(error.code, error_text(error), retriable=False)]
        return [None if isinstance(answer, Sent) else answer for answer in answers]

    def _answers(self, call: Callable[[], Answers], count: int, call_health: CallHealth) -> Answers:
        """Make a call and return an answer for each entry: None if it succeeded."""
        try:
            answers = call()
        except PubSubTasksError as error:
            call_health.record_failure(error)
            return [EntryFailure(code_of(error), error_text(error), retriable=True)] * count
        except BaseException as error:  # a fault must not lose messages in flight
            if not call_health.failing:
                logger.error("a settlement failed unexpectedly, and is tried again", exc_info=error)
            call_health.record_failure(error)
            return [EntryFailure(error_class(error), error_text(error), retriable=True)] * count
        refused = [answer for answer in answers if answer is not None and not answer.lost]
        for answer in refused:
            text = f"an entry was refused: {answer.code} {answer.message}"
            call_health.record_failure(TransportError(text, code=answer.code))
        if not refused:
            call_health.record_success()
        return answers

    def _report_unanswered(self, command: Command) -> None:
        with self._coordinator as inflight:
            now = self._clock()
            match command:
                case ReportLostLeases():
                    return
                case ExtendLeases(extensions):
                    inflight.extend_failed([message for message, _ in extensions if message.extending], now)
                case Delete(messages) | ChangeVisibility(messages) | SendToDeadLetters(messages):
                    inflight.settle_failed([message for message in messages if message.command_sent], now)

    def _report_lost(self, messages: Sequence[InFlightMessage]) -> None:
        with self._coordinator:
            self._coordinator.counters.lost += len(messages)
        for message in messages if self._observers.wants(Lost) else ():
            self._observers.notify(Lost(self._queue.name, message.delivery))

    def _report_confirmed(self, messages: Sequence[InFlightMessage]) -> None:
        for message in messages:
            if message.verdict is not None:
                event = Confirmed(self._queue.name, message.delivery, message.task, message.verdict)
                self._observers.notify(event)

    def _report_dead_lettered(self, messages: Sequence[InFlightMessage]) -> None:
        name = self._queue.name
        for message in messages:
            if isinstance(verdict := message.verdict, DeadLetter):
                event = DeadLettered(name, message.delivery, message.task, verdict.reason, verdict.error)
                self._observers.notify(event)


def _sort(
    messages: Sequence[InFlightMessage], answers: Sequence[EntryFailure | None]
) -> tuple[list[InFlightMessage], list[InFlightMessage], list[InFlightMessage]]:
    """Return (done, failed and worth a retry, lost or refused for good)."""
    done: list[InFlightMessage] = []
    failed: list[InFlightMessage] = []
    lost: list[InFlightMessage] = []
    for message, answer in zip(messages, answers, strict=True):
        if answer is None:
            done.append(message)
        elif answer.retriable and not answer.lost:
            failed.append(message)
        else:
            lost.append(message)
    return done, failed, lost


def _batches(
    written: Sequence[tuple[InFlightMessage, Outgoing | None]], batch_limit: int
) -> list[tuple[list[InFlightMessage], list[Outgoing]]]:
    """Split dead letters into batches under the byte limit of a send; those that failed often are alone."""
    batches: list[tuple[list[InFlightMessage], list[Outgoing]]] = []
    room = 0
    for message, letter in written:
        if letter is None:
            continue
        alone = message.failures >= ALONE_AFTER
        if alone or letter.size > room:
            batches.append(([], []))
            room = batch_limit
        batches[-1][0].append(message)
        batches[-1][1].append(letter)
        room = 0 if alone else room - letter.size
    return batches

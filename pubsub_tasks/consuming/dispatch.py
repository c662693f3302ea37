"""Dispatch: what becomes of a delivery. The whole promise on one screen, and total: it raises no `Exception`.

    defect, unknown type, too many hops, too old, crashed too often, invalid content → a verdict at once
    middleware → the task
    a signal that the handler raised → its verdict
    any other exception → the task's policy: Retry or DeadLetter
    returned → Ack

`prepare` and `judge` are pure; `run` and `arun` stand between them. The worker, Lambda, tests and the replay
of dead letters all come through here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ..delivery import Delivery
from ..errors import ConfigurationError, Expired, InvalidContent, MessageError, UnknownMediaType
from ..headers import handled, handling, hops
from ..message import EXPIRES
from ..middleware import compose, is_coroutine
from ..notices import Confirmation
from ..signals import Nack, Signal
from ..tasks import Task, Tasks
from ..verdicts import Ack, DeadLetter, Drop, Retry, Verdict

UnknownPolicy = Literal["dead-letter", "release", "drop"]

GRACE_AGE = 3600.0
"""Seconds for which `release` leaves an unknown media type to workers that may know it."""

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Call:
    """A task about to be called with the content of a delivery."""

    task: Task[..., Any]
    delivery: Delivery
    content: Mapping[str, Any]


class Dispatcher:
    """Decides for the deliveries of one queue.

    Args:
        tasks: the registry; the tasks of `queue` (its logical name) are served.
        unknown: what to do with a media type that no task handles. `release` leaves it for an hour, and for
            all receives but one of `max_receive_count`, to workers that may know it; not for FIFO queues.
    """

    def __init__(
        self,
        tasks: Tasks,
        queue: str,
        *,
        unknown: UnknownPolicy = "dead-letter",
        max_receive_count: int | None = None,
        fifo: bool = False,
    ) -> None:
        if fifo and unknown == "release":
            raise ConfigurationError(
                "--unknown release would let later messages of a group pass: choose dead-letter or drop "
                "on a FIFO queue"
            )
        self._tasks = tasks
        self._queue = queue
        self._unknown = unknown
        self._max_receive_count = max_receive_count
        self._fifo = fifo
        plain = [each for each in tasks.middleware if not is_coroutine(each)]
        coroutine = [each for each in tasks.middleware if is_coroutine(each)]
        self._call = compose(plain, _invoke)
        self._acall = compose(coroutine, _ainvoke)

    @property
    def has_plain(self) -> bool:
        """Whether a task of the queue is a plain function."""
        return any(not task.is_async for task in self._tasks.for_queue(self._queue))

    @property
    def has_coroutines(self) -> bool:
        """Whether a task of the queue is a coroutine function."""
        return any(task.is_async for task in self._tasks.for_queue(self._queue))

    def is_coroutine(self, delivery: Delivery) -> bool:
        """Whether a coroutine will handle it."""
        task = self._find(delivery)
        return task is not None and task.is_async

    def prepare(self, delivery: Delivery, now: float) -> Call | Verdict:
        """What to call for it, or what becomes of it without. `now` is epoch seconds."""
        if delivery.defect is not None:
            return _defective(delivery.defect)
        task = self._find(delivery)
        if task is None:
            return self._not_known(delivery, now)
        if not self._fifo and task.policy.exhausted_before(delivery.attempt):
            return DeadLetter("unreported")
        if not delivery.waived and (verdict := _outdated(delivery, now)) is not None:
            return verdict
        try:
            codec = task.codec or self._tasks.schemas.find(delivery.media_type or "")
            return Call(task, delivery, codec.load(delivery.fields))
        except (InvalidContent, UnknownMediaType) as error:
            return DeadLetter("invalid", error)
        except Exception as error:  # a schema's own hooks may raise anything
            return DeadLetter("invalid", error)

    def judge(self, call: Call, result: object, error: BaseException | None, now: float) -> Verdict:
        """What becomes of it after its handler returned `result` or raised `error`."""
        task, delivery = call.task, call.delivery
        when = (delivery.attempt, delivery.record.first_received_at, now)
        if error is None:
            return _returned(task, result, *when)
        if isinstance(error, Nack):
            return _again(task, error, *when)
        if isinstance(error, Signal) and error.verdict is not None:
            return error.verdict
        attempt, first, _ = when
        return task.policy.decide(error, attempt=attempt, first_received_at=first, now=now)

    def run(self, call: Call, clock: Clock) -> Verdict:
        """Call a plain task and judge it. A handler's SystemExit counts as its failure, not as our end."""
        token = handling(call.delivery.headers)
        try:
            result, error = self._call(call), None
        except (Exception, SystemExit, GeneratorExit) as raised:
            result, error = None, raised
        finally:
            handled(token)
        return self.judge(call, result, error, clock())

    async def arun(self, call: Call, clock: Clock) -> Verdict:
        """The same for a coroutine task; a cancellation goes through to whoever cancelled."""
        token = handling(call.delivery.headers)
        try:
            result, error = await self._acall(call), None
        except (Exception, SystemExit, GeneratorExit) as raised:
            result, error = None, raised
        finally:
            handled(token)
        return self.judge(call, result, error, clock())

    def _find(self, delivery: Delivery) -> Task[..., Any] | None:
        media_type = delivery.media_type
        return None if media_type is None else self._tasks.find(media_type, self._queue)

    def _not_known(self, delivery: Delivery, now: float) -> Verdict:
        error = UnknownMediaType(f"no task on queue {self._queue!r} handles {delivery.media_type!r}")
        if self._unknown == "drop":
            return Drop("unknown", error)
        last = self._max_receive_count is not None and delivery.receives >= self._max_receive_count - 1
        if self._unknown == "dead-letter" or last or delivery.age(now) >= GRACE_AGE:
            return DeadLetter("unknown", error)
        return Retry(min(30.0 * 2 ** min(delivery.receives - 1, 10), 900.0), error)


def _invoke(call: Call) -> Any:
    return call.task.invoke(call.content, call.delivery)


async def _ainvoke(call: Call) -> Any:
    result = call.task.invoke(call.content, call.delivery)
    return await result if call.task.is_async else result


def _defective(defect: MessageError) -> Verdict:
    return DeadLetter("confirmation" if isinstance(defect, Confirmation) else "undecodable", defect)


def _outdated(delivery: Delivery, now: float) -> Verdict | None:
    if hops(delivery.headers) <= 0:
        return DeadLetter("hops", Expired("published, handled and published again too many times: a loop?"))
    expires = delivery.headers.get(EXPIRES)
    if expires is None:
        return None
    try:
        late = now - float(expires)
    except ValueError:
        return None
    return DeadLetter("expired", Expired(f"expired {late:.0f} s ago")) if late > 0 else None


def _returned(task: Task[..., Any], result: object, attempt: int, first: float, now: float) -> Verdict:
    if task.policy.judges_results:
        verdict = task.policy.decide_result(result, attempt=attempt, first_received_at=first, now=now)
        if verdict is not None:
            return verdict
    return Ack(skipped=task.skips_falsy and not _truth(result))


def _truth(result: object) -> bool:
    try:
        return bool(result)
    except Exception:  # as an array's: it is something, at any rate
        return True


def _again(task: Task[..., Any], nack: Nack, attempt: int, first: float, now: float) -> Verdict:
    return task.policy.again(nack, nack.seconds, attempt=attempt, first_received_at=first, now=now)

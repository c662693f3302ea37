"""Dispatch: what becomes of a delivery. The whole promise on one screen, and total: it raises no `Exception`.

    defect, unknown type, unreported crash, too many hops, too old, invalid content → a verdict at once
    middleware → the task
    a signal that the handler raised → its verdict
    any other exception → the task's policy: Retry or DeadLetter
    returned → Ack

`prepare` and `judge` are pure; `run` and `arun` stand between them. The worker, Lambda, tests and the replay
of dead letters all come through here. Only Ctrl-C, which the main thread alone gets, and in `arun` the end of
the coroutine go through: they are meant for whoever runs us, and a message without a verdict comes back.
"""

from asyncio import CancelledError
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import CoroutineType
from typing import Any, Literal

from ..batches.backoff import UNKNOWN_MESSAGES
from ..errors import ConfigurationError, ContentDisallowed, InvalidContent, TransportError, UnknownMediaType
from ..lifecycle import forks
from ..messages.current_message import reset_current, set_current
from ..messages.delivery import Delivery
from ..messages.headers import begin_handling, end_handling
from ..tasks.middleware import Layer, compose
from ..tasks.registry import Tasks
from ..tasks.retry_policy import RetryPolicy
from ..tasks.task import Task
from ..untrusted.exceptions import reraise_interrupt
from ..verdicts import DeadLetter, Drop, Retry, Verdict
from ..wire.compression import BodyLimit
from ..wire.s3_pointer import ClaimStore
from .bodies import BodyReader
from .foreign_queue_guard import Guard
from .judging import judge_error, judge_result, unreadable
from .screening import early, outdated, tried

UnknownPolicy = Literal["dead-letter", "release", "drop"]

GRACE_AGE = 3600.0
"""Seconds for which `release` leaves an unknown media type to workers that may know it."""

CODECS = 256
"""Media types of conventions and wildcards whose codecs are kept."""

LONGEST_NAME = 256
"""Characters of a media type that nobody knows, in what is said of it."""

Clock = Callable[[], float]
Limit = Callable[[Callable[["HandlerCall"], Any], "HandlerCall"], Any]
"""Makes a call, and raises TaskTimeout where it takes too long; of a coroutine, the coroutine that does."""


@dataclass(frozen=True, slots=True)
class HandlerCall:
    """A task about to be called with the content of a delivery: a mapping, or what `post_load` made of it."""

    task: Task[..., Any]
    delivery: Delivery
    content: Any


class Dispatcher:
    """Decides for the deliveries of one queue.

    Args:
        tasks: the registry; the tasks of `queue` (its logical name) are served, with its middleware.
        unknown: what to do with a media type that no task handles. `release` leaves it for an hour since its
            first receive, and for all receives but one of `max_receive_count`, to workers that may know it,
            and for so long takes no attempt as spent on a crash; not for FIFO queues. None is `dead-letter`
            with a `Guard` against a queue of which nothing can be handled.
        claims: where the bodies of large messages are parked, if anywhere.
        name: the queue's own name, as log lines tell it; the logical one otherwise.
        layers: middleware outside the registry's own.

    Raises ConfigurationError, and Unbound for a handler class of which nobody made an instance: every message
    of its type would fail.
    """

    def __init__(
        self,
        tasks: Tasks,
        queue: str,
        *,
        unknown: UnknownPolicy | None = "dead-letter",
        max_receive_count: int | None = None,
        fifo: bool = False,
        claims: ClaimStore | None = None,
        name: str | None = None,
        layers: Sequence[Layer] = (),
    ) -> None:
        if fifo and unknown == "release":
            raise ConfigurationError(
                "--unknown release would let later messages of a group pass: choose dead-letter or drop "
                "on a FIFO queue"
            )
        served = tasks.for_queue(queue)
        self.has_plain = any(not task.is_async for task in served)
        self.has_coroutines = any(task.is_async for task in served)
        self._tasks = tasks
        self._queue = queue
        self._name = name or queue
        self._unknown = unknown or "dead-letter"
        self.guard = Guard(max_receive_count, fifo=fifo) if unknown is None else None
        self._max_receive_count = max_receive_count
        self._fifo = fifo
        self._opening = BodyReader(tasks, queue, claims)
        # A convention's codec is made for each media type anew, which costs as much as all of dispatch.
        self._codec = lru_cache(CODECS)(tasks.schemas.find)
        layers = [*layers, *tasks.middleware]
        self._call = compose([layer.plain for layer in layers if layer.plain], _invoke)
        self._acall = compose([layer.coroutine for layer in layers if layer.coroutine], _ainvoke)
        for task in served:
            task.handler.ready()

    def is_coroutine(self, delivery: Delivery) -> bool:
        """Whether a coroutine will handle it."""
        task = self._find(delivery)
        return task is not None and task.is_async

    def open(self, delivery: Delivery, limit: BodyLimit | None = None) -> Delivery:
        """Open a body that was left closed, see `BodyReader`; may wait for S3. Never raises."""
        return delivery if delivery.defect is None else self._opening.open(delivery, limit)

    def body_limit(self, delivery: Delivery) -> int:
        """The most bytes that `open` may give; 0 if there is nothing to open."""
        return self._opening.limit(delivery)

    def prepare(self, delivery: Delivery, now: float) -> HandlerCall | Verdict:
        """What to call for it, or what becomes of it without. `now` is epoch seconds."""
        task, defect = self._find(delivery), delivery.defect
        if isinstance(defect, TransportError):  # as from a store of large bodies, and it may pass
            return (task.policy if task else RetryPolicy()).decide(defect, **tried(delivery, now))
        if defect is not None and (task is not None or not isinstance(defect, ContentDisallowed)):
            return unreadable(defect)
        if task is None:
            return self._not_known(delivery, now)
        if delivery.not_before > now:
            return early(delivery, now)
        if not self._may_have_run_nothing(delivery, now) and task.policy.exhausted_before(delivery.attempt):
            return DeadLetter("unreported")
        if not delivery.waived and (verdict := outdated(delivery, now)) is not None:
            return verdict
        return self._decode(task, delivery, now)

    def judge(self, call: HandlerCall, result: object, error: BaseException | None, now: float) -> Verdict:
        """What becomes of it after its handler returned `result` or raised `error`."""
        if error is None:
            return judge_result(call.task, call.delivery, result, now)
        return judge_error(call.task.policy, call.delivery, error, now)

    def run(self, call: HandlerCall, clock: Clock, limit: Limit | None = None) -> Verdict:
        """Call a plain task and judge it. A handler's SystemExit is its failure, and not our end."""
        token = begin_handling(call.delivery.headers)
        said = set_current(call.task.name, call.delivery, self._name)
        born = forks.generation
        try:
            result = self._call(call) if limit is None else limit(self._call, call)
        except BaseException as error:
            forks.exit_if_forked(born, error)
            reraise_interrupt(error)
            return self.judge(call, None, error, clock())
        finally:
            reset_current(said)
            end_handling(token)
        forks.exit_if_forked(born)
        return self.judge(call, result, None, clock())

    async def arun(self, call: HandlerCall, clock: Clock, limit: Limit | None = None) -> Verdict:
        """The same for a coroutine task."""
        token = begin_handling(call.delivery.headers)
        said = set_current(call.task.name, call.delivery, self._name)
        born = forks.generation
        try:
            if not call.task.is_async:
                result = self._call(call)
            else:
                result = await (self._acall(call) if limit is None else limit(self._acall, call))
        except (CancelledError, GeneratorExit) as error:
            forks.exit_if_forked(born, error)
            raise
        except BaseException as error:
            forks.exit_if_forked(born, error)
            reraise_interrupt(error)
            return self.judge(call, None, error, clock())
        finally:
            reset_current(said)
            end_handling(token)
        forks.exit_if_forked(born)
        return self.judge(call, result, None, clock())

    def _find(self, delivery: Delivery) -> Task[..., Any] | None:
        media_type = delivery.media_type
        return None if media_type is None else self._tasks.find(media_type, self._queue)

    def _may_have_run_nothing(self, delivery: Delivery, now: float) -> bool:
        """Whether many receives are in order: a FIFO queue's, given back whenever one before them is tried
        again, or those of workers that did not know the type yet."""
        return self._fifo or (self._unknown == "release" and _young(delivery, now))

    def _decode(self, task: Task[..., Any], delivery: Delivery, now: float) -> HandlerCall | Verdict:
        try:
            codec = task.codec or self._codec(delivery.media_type or "")
            return HandlerCall(task, delivery, codec.load(delivery.fields))
        except (InvalidContent, UnknownMediaType) as error:
            return unreadable(error)
        except BaseException as error:  # from a schema's own hooks, as much as from a handler
            reraise_interrupt(error)
            return judge_error(task.policy, delivery, error, now)

    def _not_known(self, delivery: Delivery, now: float) -> Verdict:
        media_type = repr(delivery.media_type)[:LONGEST_NAME]
        error = UnknownMediaType(f"no task on queue {self._queue!r} handles {media_type}")
        if self._unknown == "drop":
            return Drop("unknown", error)
        last = self._max_receive_count is not None and delivery.receives >= self._max_receive_count - 1
        if self._unknown == "dead-letter" or last or not _young(delivery, now):
            return DeadLetter("unknown", error)
        return Retry(UNKNOWN_MESSAGES.seconds(delivery.receives), error)


def _invoke(call: HandlerCall) -> Any:
    result = call.task.invoke(call.content, call.delivery)
    if type(result) is CoroutineType:
        result.close()
        raise ConfigurationError(
            f"{call.task.name} gave a coroutine that nobody awaits, so nothing was done: declare it with "
            "`async def`, and so what decorates it"
        )
    return result


async def _ainvoke(call: HandlerCall) -> Any:
    return await call.task.invoke(call.content, call.delivery)


def _young(delivery: Delivery, now: float) -> bool:
    """Whether workers that know its type may still be on their way."""
    return now - tried(delivery, now)["first_received_at"] < GRACE_AGE

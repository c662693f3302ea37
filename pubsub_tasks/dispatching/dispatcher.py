"""Dispatch: from a delivery to its verdict. It raises no `Exception`, so every message has a verdict.

    defect, unknown type, unreported crash, too many hops, too old, invalid content → a verdict at once
    middleware → the task
    a signal that the handler raised → its verdict
    any other exception → the task's policy: Retry or DeadLetter
    returned → Ack

`prepare` decides what to call, `run` or `arun` calls it, and `decide` reaches the verdict. The worker,
Lambda, tests and the replay of dead letters all dispatch through here. Two exceptions are passed on to the
caller: Ctrl-C, which only the main thread gets, and in `arun` the cancellation of the coroutine. The message
then has no verdict and is received again.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import AsyncGeneratorType, CoroutineType, GeneratorType
from typing import Any, NamedTuple

from ..celery_messages.celery_message import is_celery
from ..errors import ConfigurationError, ContentDisallowed, InvalidContent, TransportError, UnknownMediaType
from ..lifecycle import forks
from ..messages.current_message import reset_current, set_current
from ..messages.delivery import Delivery
from ..messages.headers import begin_handling, end_handling
from ..tasks.middleware import Layer, compose
from ..tasks.registry import Tasks
from ..tasks.retry_policy import RetryPolicy
from ..tasks.task import Task
from ..untrusted.exceptions import is_cancellation, reraise_interrupt
from ..verdicts import DeadLetter, Verdict
from ..wire.compression import BodyLimit
from ..wire.s3_pointer import ClaimStore
from .body_reader import BodyReader
from .foreign_queue_guard import ForeignQueueGuard
from .foreign_reader import ForeignReader
from .handler_verdicts import verdict_on_error, verdict_on_result
from .retry_arguments import retry_arguments
from .unhandled_verdicts import verdict_before_due, verdict_if_outdated, verdict_on_unreadable
from .unknown_messages import UnknownMessages, UnknownPolicy

CODECS = 256
"""Codecs of conventions and wildcards that are cached, one for each media type."""

_YET_TO_RUN: Mapping[type, str] = {
    CoroutineType: "coroutine that is not awaited, so nothing was done: declare the task and its decorators "
    "with `async def`, and await what they call",
    GeneratorType: "generator, whose code has not run: do the work without `yield`",
    AsyncGeneratorType: "generator, whose code has not run: do the work without `yield`",
}

Clock = Callable[[], float]
Limit = Callable[[Callable[["HandlerCall"], Any], "HandlerCall"], Any]
"""Makes a call and raises TaskTimeout if it takes too long; for a coroutine task it returns a coroutine."""


class HandlerCall(NamedTuple):
    """A task to be called with the content of a delivery: a mapping, or what `post_load` returned.

    `timeout` is in seconds: the task's time limit, or else the one in the message.
    """

    task: Task[..., Any]
    delivery: Delivery
    content: Any
    timeout: float | None = None


class Dispatcher:
    """Dispatches the deliveries of one queue.

    Args:
        tasks: the registry; the tasks of `queue` are served, with the registry's middleware.
        queue: logical name of the queue.
        unknown: what to do with a media type that no task handles. `release` leaves the message to workers
            that may know it, for an hour since its first receive and all but one receive of
            `max_receive_count`; during that time no receive counts as a crash. Not for FIFO queues. None is
            `dead-letter` with a `ForeignQueueGuard`.
        max_receive_count: of the queue's redrive policy, or None.
        claims: the store of large bodies, or None.
        name: name of the queue in log lines; the logical name by default.
        layers: middleware outside the registry's own.
        forwards_celery: whether messages of Celery tasks that no task of the queue names are forwarded.
            Otherwise, if a task of the queue names a Celery task at all, they stay on the queue.

    Raises ConfigurationError, and Unbound for a handler class without an instance: every message of its type
    would fail.
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
        forwards_celery: bool = False,
    ) -> None:
        if fifo and unknown == "release":
            raise ConfigurationError(
                "--unknown release would let later messages of a group pass; give dead-letter or drop "
                "on a FIFO queue"
            )
        served = tasks.for_queue(queue)
        self.has_plain = any(not task.is_async for task in served)
        self.has_coroutines = any(task.is_async for task in served)
        self._tasks = tasks
        self._queue = queue
        self._name = name or queue
        keeps_celery = forwards_celery or tasks.handles_celery(queue)
        self._unknown = UnknownMessages(
            queue, unknown or "dead-letter", max_receive_count, fifo, keeps_celery, forwards_celery
        )
        self.guard = ForeignQueueGuard(max_receive_count, fifo=fifo) if unknown is None else None
        self._foreign = ForeignReader.of(served, tasks.assumed.get(queue))
        self._body_reader = BodyReader(tasks, queue, claims)
        # A convention makes a new codec for each media type, which costs as much as all of dispatch.
        self._codec = lru_cache(CODECS)(tasks.schemas.find)
        layers = [*layers, *tasks.middleware]
        self._call = compose([layer.plain for layer in layers if layer.plain], _invoke)
        self._acall = compose([layer.coroutine for layer in layers if layer.coroutine], _ainvoke)
        for task in served:
            task.handler.ready()

    def is_coroutine(self, delivery: Delivery) -> bool:
        """Whether the task of the delivery is a coroutine."""
        task = self._tasks.task_for(self._recognized(delivery), self._queue)
        return task is not None and task.is_async

    def read_body(self, delivery: Delivery, limit: BodyLimit | None = None) -> Delivery:
        """Read a body that was left unread, see `BodyReader`; may wait for S3. Never raises."""
        return delivery if delivery.defect is None else self._body_reader.read(delivery, limit)

    def max_body_size(self, delivery: Delivery) -> int:
        """The most bytes that `read_body` may take; 0 if there is nothing to read."""
        return self._body_reader.max_body_size(delivery)

    def prepare(self, delivery: Delivery, now: float) -> HandlerCall | Verdict:
        """Return the handler call to make, or a verdict without one. `now` is epoch seconds."""
        delivery = self._recognized(delivery)
        task, defect = self._tasks.task_for(delivery, self._queue), delivery.defect
        if isinstance(defect, TransportError):  # such as S3 being unavailable, which may pass
            return (task.policy if task else RetryPolicy()).decide(defect, **retry_arguments(delivery, now))
        if task is None and self._unknown.keeps(delivery):
            return self._unknown.verdict(delivery, now)
        if defect is not None and (task is not None or not isinstance(defect, ContentDisallowed)):
            return verdict_on_unreadable(defect)
        if task is None:
            return self._unknown.verdict(delivery, now)
        if delivery.not_before > now:
            return verdict_before_due(delivery, now)
        if self._is_unreported(task, delivery, now):
            return DeadLetter("unreported")
        if not delivery.waived and (verdict := verdict_if_outdated(delivery, now)) is not None:
            return verdict
        return self._decode(task, delivery, now)

    def decide(self, call: HandlerCall, result: object, error: BaseException | None, now: float) -> Verdict:
        """The verdict after a handler returned `result` or raised `error`. `now` is epoch seconds."""
        if error is None:
            return verdict_on_result(call.task, call.delivery, result, now)
        return verdict_on_error(call.task.policy, call.delivery, error, now)

    def run(self, call: HandlerCall, clock: Clock, limit: Limit | None = None) -> Verdict:
        """Call a plain task and return its verdict. SystemExit of a handler counts as its failure."""
        token = begin_handling(call.delivery.headers)
        said = set_current(call.task.name, call.delivery, self._name)
        born = forks.generation
        try:
            result = self._call(call) if limit is None else limit(self._call, call)
        except BaseException as error:
            forks.exit_if_forked(born, error)
            reraise_interrupt(error)
            return self.decide(call, None, error, clock())
        finally:
            reset_current(said)
            end_handling(token)
        forks.exit_if_forked(born)
        return self.decide(call, result, None, clock())

    async def arun(self, call: HandlerCall, clock: Clock, limit: Limit | None = None) -> Verdict:
        """As `run`, for a coroutine task."""
        token = begin_handling(call.delivery.headers)
        said = set_current(call.task.name, call.delivery, self._name)
        born = forks.generation
        try:
            if not call.task.is_async:
                result = self._call(call)
            else:
                awaited = await (self._acall(call) if limit is None else limit(self._acall, call))
                result = _complete(call, awaited)
        except BaseException as error:
            forks.exit_if_forked(born, error)
            if is_cancellation(error):
                raise
            reraise_interrupt(error)
            return self.decide(call, None, error, clock())
        finally:
            reset_current(said)
            end_handling(token)
        forks.exit_if_forked(born)
        return self.decide(call, result, None, clock())

    def _recognized(self, delivery: Delivery) -> Delivery:
        """Return the delivery as a schema of foreign bodies reads it, if its media type is not known here."""
        if self._foreign is None:
            return delivery
        is_known = delivery.defect is None and self._tasks.task_for(delivery, self._queue) is not None
        return delivery if is_known else self._foreign.read(delivery)

    def _is_unreported(self, task: Task[..., Any], delivery: Delivery, now: float) -> bool:
        """Whether receives that led to no verdict have used up all attempts, as if workers had crashed."""
        # A first receive is no crash, even if Celery has tried the task as often as the policy allows.
        if delivery.receives == 1 and is_celery(delivery.media_type):
            return False
        exhausted = task.policy.exhausted_before(delivery.attempt)
        return exhausted and not self._unknown.expects_idle_receives(delivery, now)

    def _decode(self, task: Task[..., Any], delivery: Delivery, now: float) -> HandlerCall | Verdict:
        try:
            codec = task.codec or self._codec(delivery.media_type or "")
            is_own = delivery.media_type == task.media_type
            fields = delivery.fields if is_own else task.fields_of(delivery)
            timeout = delivery.timeout if task.timeout is None else task.timeout
            return HandlerCall(task, delivery, codec.load(fields), timeout)
        except (InvalidContent, UnknownMediaType) as error:
            return verdict_on_unreadable(error)
        except BaseException as error:  # from hooks of a schema, which are user code like a handler
            reraise_interrupt(error)
            return verdict_on_error(task.policy, delivery, error, now)


def _invoke(call: HandlerCall) -> Any:
    return _complete(call, call.task.invoke(call.content, call.delivery))


def _complete(call: HandlerCall, result: object) -> object:
    """Return the result. Raises ConfigurationError for code that has yet to run."""
    if (remedy := _YET_TO_RUN.get(type(result))) is None:
        return result
    if isinstance(result, CoroutineType):
        result.close()
    raise ConfigurationError(f"{call.task.name} returned a {remedy}")


async def _ainvoke(call: HandlerCall) -> Any:
    return await call.task.invoke(call.content, call.delivery)

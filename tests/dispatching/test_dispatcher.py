"""Dispatcher: every way from a delivery to its verdict."""

import asyncio
from functools import partial

import pytest
from marshmallow import pre_load
from tenacity import retry_if_exception_type, retry_if_result, stop_after_attempt, wait_fixed

from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.decorators import handles, task
from pubsub_tasks.dispatching.dispatcher import Dispatcher, HandlerCall
from pubsub_tasks.dispatching.unknown_messages import GRACE_AGE, LONGEST_NAME
from pubsub_tasks.errors import ConfigurationError, Expired, InvalidContent, Unbound, UnknownMediaType
from pubsub_tasks.messages.delivery import Delivery
from pubsub_tasks.messages.headers import current_headers
from pubsub_tasks.messages.message import EXPIRES, HOPS, REQUEST_ID
from pubsub_tasks.signals import Discard, IgnoreMessage, Nack, Reject, Signal, SkipMessage, TTLExpired
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.verdicts import Ack, DeadLetter, Drop, Retry
from pubsub_tasks.wire.resend_attribute import RESENT, ResendState
from tests.samples import NOW, ORDER, OrderPlaced, delivery

QUEUE = "default"


def clock():
    return NOW


def dispatch(dispatcher, received):
    """Dispatch as a worker does: in a thread, or on an event loop for a coroutine."""
    call = dispatcher.prepare(received, NOW)
    if not isinstance(call, HandlerCall):
        return call
    if call.task.is_async:
        return asyncio.run(dispatcher.arun(call, clock))
    return dispatcher.run(call, clock)


def handled_by(function, **options):
    """Return a function that dispatches a delivery to this handler of orders."""
    tasks = Tasks()
    task(OrderPlaced, tasks=tasks, **options)(function)
    return partial(dispatch, Dispatcher(tasks, QUEUE))


def raising(error, **options):
    def handler(order_id, total):
        raise error

    async def coroutine(order_id, total):
        raise error

    return [handled_by(handler, **options), handled_by(coroutine, **options)]


# Handled


def test_a_handler_gets_its_fields_and_its_delivery():
    seen = []

    def handler(order_id, total, received: Delivery):
        seen.append((order_id, str(total), received.attempt))

    assert handled_by(handler)(delivery(attempt=2)) == Ack()
    assert seen == [("o-1", "9.99", 2)]


def test_a_coroutine_is_awaited():
    seen = []

    async def handler(order_id, total):
        await asyncio.sleep(0)
        seen.append(order_id)

    assert handled_by(handler)(delivery()) == Ack()
    assert seen == ["o-1"]


def test_what_a_task_returns_does_not_matter():
    assert handled_by(lambda order_id, total: False)(delivery()) == Ack()


@pytest.mark.parametrize(
    ("result", "skipped"), [(True, False), (1, False), (None, True), (False, True), ([], True)]
)
def test_a_falsy_return_of_a_handler_means_that_it_skipped(result, skipped):
    tasks = Tasks()
    handles(OrderPlaced, tasks=tasks)(lambda content: result)

    assert dispatch(Dispatcher(tasks, QUEUE), delivery()) == Ack(skipped=skipped)


def test_a_result_whose_truth_value_raises_counts_as_truthy():
    class Array:
        def __bool__(self):
            raise ValueError("ambiguous")

    tasks = Tasks()
    handles(OrderPlaced, tasks=tasks)(lambda content: Array())

    assert dispatch(Dispatcher(tasks, QUEUE), delivery()) == Ack()


def test_a_policy_may_retry_on_a_result():
    pending = handled_by(
        lambda order_id, total: None,
        retry=retry_if_result(lambda result: result is None),
        wait=wait_fixed(3),
        stop=stop_after_attempt(2),
    )

    assert pending(delivery()) == Retry(3)
    assert pending(delivery(attempt=2)) == DeadLetter("exhausted")


def test_publishes_of_a_handler_follow_from_its_message():
    seen = []

    handled_by(lambda order_id, total: seen.append(dict(current_headers())))(
        delivery(headers={REQUEST_ID: "r-1", HOPS: "7"})
    )

    assert (seen[0][REQUEST_ID], seen[0][HOPS]) == ("r-1", "6")
    assert not current_headers()


# Verdicts without a handler


def test_what_cannot_be_read_is_a_dead_letter():
    verdict = handled_by(lambda order_id, total: None)(delivery("no json"))

    assert verdict.reason == "undecodable"
    assert verdict.error is not None


def test_invalid_content_is_a_dead_letter_with_the_reason():
    verdict = handled_by(lambda order_id, total: None)(delivery(order_id="o-1", total="much"))

    assert verdict.reason == "invalid"
    assert isinstance(verdict.error, InvalidContent)
    assert "total" in verdict.error.messages


def test_a_subscription_confirmation_is_a_dead_letter():
    text = '{"Type": "SubscriptionConfirmation", "TopicArn": "arn:t", "Message": "m", "MessageId": "1"}'

    assert handled_by(lambda order_id, total: None)(delivery(text)).reason == "confirmation"


def test_a_schema_that_raises_an_unexpected_error_is_retried():
    class Hooked(PubSubMessageSchema):
        MEDIA_TYPE = ORDER

        @pre_load
        def look_up(self, content, **_):
            raise OSError("no connection")

    tasks = Tasks()
    task(Hooked, tasks=tasks, wait=wait_fixed(4))(lambda: None)

    verdict = dispatch(Dispatcher(tasks, QUEUE), delivery())

    assert (type(verdict), verdict.after) == (Retry, 4)


@pytest.mark.parametrize(("error", "expected"), [(Reject("closed"), DeadLetter), (SystemExit(3), Retry)])
def test_a_schema_may_raise_signals_and_exit_like_a_handler(error, expected):
    class Hooked(PubSubMessageSchema):
        MEDIA_TYPE = ORDER

        @pre_load
        def check(self, content, **_):
            raise error

    tasks = Tasks()
    task(Hooked, tasks=tasks)(lambda: None)

    assert isinstance(dispatch(Dispatcher(tasks, QUEUE), delivery()), expected)


def test_an_expired_message_is_a_dead_letter_unless_waived():
    expired = delivery(headers={EXPIRES: str(NOW - 5)})
    handler = handled_by(lambda order_id, total: None)

    verdict = handler(expired)

    assert (verdict.reason, type(verdict.error), str(verdict.error)) == (
        "expired",
        Expired,
        "expired 5 s ago",
    )
    assert handler(delivery(headers={EXPIRES: str(NOW + 5)})) == Ack()
    assert handler(delivery(headers={EXPIRES: "soon"})) == Ack()


def test_a_message_with_too_many_hops_is_a_dead_letter():
    handler = handled_by(lambda order_id, total: None)

    assert handler(delivery(headers={HOPS: "0"})).reason == "hops"
    assert handler(delivery(headers={HOPS: "1"})) == Ack()
    assert handler(delivery(headers={HOPS: "many"})) == Ack()


def test_redrive_waives_age_and_hops_once():
    old = delivery(
        headers={HOPS: "0", EXPIRES: str(NOW - 5)},
        attributes={RESENT: ResendState(first_published=NOW, waive=True).attribute()},
    )

    assert old.waived
    assert handled_by(lambda order_id, total: None)(old) == Ack()


def test_an_attempt_beyond_the_last_is_not_run_since_earlier_ones_crashed():
    ran = []
    handler = handled_by(lambda order_id, total: ran.append(order_id), stop=stop_after_attempt(3))

    assert handler(delivery(attempt=3)) == Ack()
    assert handler(delivery(attempt=4)) == DeadLetter("unreported")
    assert ran == ["o-1"]


def test_on_a_fifo_queue_receives_beyond_the_attempts_are_still_run():
    tasks = Tasks()
    task(OrderPlaced, tasks=tasks, stop=stop_after_attempt(3))(lambda order_id, total: None)

    assert dispatch(Dispatcher(tasks, QUEUE, fifo=True), delivery(attempt=40)) == Ack()


# Unknown media types


def unknown(policy, received, now=NOW, **options):
    return Dispatcher(Tasks(), QUEUE, unknown=policy, **options).prepare(received, now)


def test_an_unknown_type_is_a_dead_letter():
    verdict = unknown("dead-letter", delivery())

    assert verdict.reason == "unknown"
    assert isinstance(verdict.error, UnknownMediaType)
    assert repr(ORDER) in str(verdict.error)


def test_an_unknown_type_may_be_dropped():
    assert unknown("drop", delivery()).reason == "unknown"
    assert isinstance(unknown("drop", delivery()), Drop)


def test_an_unknown_type_may_be_released_for_other_workers():
    waits = [unknown("release", delivery(attempt=attempt)).after for attempt in (1, 2, 3, 5, 6, 90)]

    assert waits == [30, 60, 120, 480, 900, 900]


def test_an_unknown_type_is_not_released_after_an_hour_or_at_the_last_receive():
    old = delivery(first_received_at=NOW - GRACE_AGE)

    assert unknown("release", old).reason == "unknown"
    assert isinstance(unknown("release", delivery(attempt=8), max_receive_count=10), Retry)
    assert unknown("release", delivery(attempt=9), max_receive_count=10).reason == "unknown"


def test_an_overlong_media_type_is_shortened_in_the_error():
    verdict = unknown("dead-letter", delivery(media_type="x/" + "y" * 10_000))

    assert len(str(verdict.error)) < LONGEST_NAME + 100


def test_release_of_unknown_types_is_refused_on_a_fifo_queue():
    with pytest.raises(ConfigurationError, match=r"--unknown release .* FIFO"):
        Dispatcher(Tasks(), QUEUE, unknown="release", fifo=True)


def test_a_task_of_another_queue_is_unknown():
    tasks = Tasks()
    task(OrderPlaced, tasks=tasks, queue="billing")(lambda order_id, total: None)

    assert dispatch(Dispatcher(tasks, QUEUE), delivery()).reason == "unknown"
    assert dispatch(Dispatcher(tasks, "billing"), delivery()) == Ack()


# Failed


@pytest.mark.parametrize("error", [ValueError("bad"), SystemExit(1), GeneratorExit()], ids=repr)
def test_a_failure_is_retried_as_the_policy_says(error):
    plain, _ = raising(error, wait=wait_fixed(9))

    assert plain(delivery()) == Retry(9, error)


@pytest.mark.parametrize(
    "error", [ValueError("bad"), SystemExit(1), ExceptionGroup("two", [ValueError()])], ids=repr
)
def test_a_failure_of_a_coroutine_is_retried_as_the_policy_says(error):
    _, coroutine = raising(error, wait=wait_fixed(9))

    assert coroutine(delivery()) == Retry(9, error)


def test_an_exception_outside_the_standard_hierarchy_does_not_end_the_worker():
    class Abort(BaseException):
        pass

    error = Abort()
    for handler in raising(error, wait=wait_fixed(9)):
        assert handler(delivery()) == Retry(9, error)


def test_the_last_attempt_is_exhausted_and_what_is_not_retried_has_failed():
    error = ValueError("bad")
    for handler in raising(error, stop=stop_after_attempt(3)):
        assert handler(delivery(attempt=3)) == DeadLetter("exhausted", error)
    for handler in raising(error, retry=retry_if_exception_type(OSError)):
        assert handler(delivery()) == DeadLetter("failed", error)


def test_a_keyboard_interrupt_is_passed_on():
    plain, coroutine = raising(KeyboardInterrupt())

    for handler in (plain, coroutine):
        with pytest.raises(KeyboardInterrupt):
            handler(delivery())
        assert not current_headers()


def test_a_cancellation_is_passed_on():
    _, coroutine = raising(asyncio.CancelledError())

    with pytest.raises(asyncio.CancelledError):
        coroutine(delivery())


async def never_awaited():
    raise AssertionError


def never_iterated():
    yield


async def never_iterated_async():
    yield


@pytest.mark.parametrize("inner", [never_awaited, never_iterated, never_iterated_async])
def test_code_that_has_yet_to_run_is_a_failure(inner):
    def function(order_id, total):
        return inner()

    async def coroutine(order_id, total):
        return inner()

    for handler in (function, coroutine):
        verdict = handled_by(handler)(delivery())

        assert verdict.reason == "failed"
        assert isinstance(verdict.error, ConfigurationError)


def test_a_coroutine_that_is_not_awaited_is_a_failure():
    async def inner(order_id):
        raise AssertionError("never runs")

    verdict = handled_by(lambda order_id, total: inner(order_id))(delivery())

    assert verdict.reason == "failed"
    assert "not awaited" in str(verdict.error)


# Signals


@pytest.mark.parametrize(
    ("signal", "verdict"),
    [
        (Nack(7), Retry(7)),
        (Nack(0), Retry(0)),
        (Nack(), Retry(5)),
        (Signal(), Retry(5)),
        (Reject("closed"), DeadLetter("rejected")),
        (TTLExpired("round and round"), DeadLetter("hops")),
        (Discard("a test order"), Drop("a test order")),
        (SkipMessage("not mine"), Ack(skipped=True)),
        (IgnoreMessage("not mine"), Ack(skipped=True)),
    ],
    ids=repr,
)
def test_a_signal_decides_the_verdict(signal, verdict):
    for handler in raising(signal, wait=wait_fixed(5)):
        given = handler(delivery())
        assert type(given) is type(verdict)
        assert getattr(given, "error", signal) is signal
        for name in ("after", "reason", "skipped"):
            assert getattr(given, name, None) == getattr(verdict, name, None)


def test_a_signal_alone_in_a_task_group_is_what_the_handler_raised():
    async def refuse():
        raise Reject("no such card")

    async def coroutine(order_id, total):
        async with asyncio.TaskGroup() as group:
            group.create_task(refuse())

    verdict = handled_by(coroutine)(delivery())

    assert (verdict.reason, str(verdict.error)) == ("rejected", "no such card")


@pytest.mark.parametrize(
    "group", [ExceptionGroup("two", [Reject(), OSError()]), ExceptionGroup("none", [OSError()])], ids=str
)
def test_any_other_group_is_an_exception_for_the_policy(group):
    for handler in raising(group, wait=wait_fixed(5)):
        assert handler(delivery()) == Retry(5, group)


def test_the_policy_limits_retry_signals():
    for signal in (Nack(7), Nack()):
        for handler in raising(signal, stop=stop_after_attempt(2)):
            assert handler(delivery(attempt=2)) == DeadLetter("exhausted", signal)


def test_a_signal_with_an_invalid_wait_uses_the_policy_s():
    class Odd(Signal):
        verdict = Retry("soon")

    error = Odd()
    for handler in raising(error, wait=wait_fixed(5)):
        assert handler(delivery()) == Retry(5, error)


# Middleware


def test_middleware_wraps_handlers_the_first_outermost():
    seen = []
    tasks = Tasks()

    @tasks.use
    def outer(call_next, call):
        seen.append("outer")
        return call_next(call)

    @tasks.use
    def inner(call_next, call):
        seen.append(call.delivery.id)
        return call_next(call)

    task(OrderPlaced, tasks=tasks)(lambda order_id, total: seen.append(order_id))

    assert dispatch(Dispatcher(tasks, QUEUE), delivery()) == Ack()
    assert seen == ["outer", "sqs-1", "o-1"]


def test_middleware_may_decide_not_to_call_or_to_fail():
    tasks = Tasks()

    @tasks.use
    def closed(call_next, call):
        raise Reject("closed")

    task(OrderPlaced, tasks=tasks)(lambda order_id, total: pytest.fail("called"))

    assert dispatch(Dispatcher(tasks, QUEUE), delivery()).reason == "rejected"


def test_coroutines_have_their_own_middleware():
    seen = []
    tasks = Tasks()

    @tasks.use
    async def around(call_next, call):
        seen.append("before")
        result = await call_next(call)
        seen.append("after")
        return result

    async def handler(order_id, total):
        seen.append(order_id)

    task(OrderPlaced, tasks=tasks)(handler)

    assert dispatch(Dispatcher(tasks, QUEUE), delivery()) == Ack()
    assert seen == ["before", "o-1", "after"]


# Construction


def test_the_kinds_of_task_of_the_queue_are_known():
    async def coroutine(order_id, total): ...

    tasks = Tasks()
    task(OrderPlaced, tasks=tasks, queue="a")(lambda order_id, total: None)
    task(OrderPlaced, tasks=tasks, queue="b")(coroutine)
    plain, waiting = Dispatcher(tasks, "a"), Dispatcher(tasks, "b")

    assert (plain.has_plain, plain.has_coroutines) == (True, False)
    assert (waiting.has_plain, waiting.has_coroutines) == (False, True)
    assert waiting.is_coroutine(delivery())
    assert not plain.is_coroutine(delivery())
    assert not waiting.is_coroutine(delivery("no json"))


def test_a_handler_class_without_an_instance_is_refused_at_once():
    class Handler:
        def __init__(self, graph): ...

        def __call__(self, content): ...

    tasks = Tasks()
    handles(OrderPlaced, tasks=tasks)(Handler)

    with pytest.raises(Unbound, match="wants graph"):
        Dispatcher(tasks, QUEUE)

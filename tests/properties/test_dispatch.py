"""Dispatch is total: whatever was received, and whatever the handler does, there is a verdict."""

import asyncio
import json

from hypothesis import given
from hypothesis import strategies as st
from tenacity import stop_after_attempt

from pubsub_tasks.decorators import handles, task
from pubsub_tasks.dispatching.dispatcher import Dispatcher, HandlerCall
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.signals import Discard, Nack, Reject, Signal, SkipMessage
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.verdicts import Ack, DeadLetter, Drop, Retry
from pubsub_tasks.wire.records import Attribute, Record
from tests.samples import NOW, ORDER, OrderPlaced


def classes(root):
    for each in type.__subclasses__(root):
        if type.__dict__["__module__"].__get__(each) not in (
            "tests.odd",
            None,
        ):  # those have tests of their own
            yield each
            yield from classes(each)


def made(kind):
    """An exception of any class, made as it can be made."""
    for arguments in ((), ("x",), ("x", "y"), ("x", [ValueError()]), ("utf-8", b"x", 0, 1, "y")):
        try:
            return kind(*arguments)
        except Exception:
            continue
    return None


ERRORS = [error for kind in sorted(set(classes(Exception)), key=repr) if (error := made(kind)) is not None]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
contents = st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=8), inner))
names = st.sampled_from(
    ["mediaType", "opaqueData", "order_id", "total", "note", "currency", "Type", "TopicArn", "Message"]
)
headers = st.dictionaries(
    st.sampled_from(["x-request-ttl", "x-expires", "x-request-published", "x-message-id", "x-request-id"]),
    scalars,
)
documents = st.fixed_dictionaries(
    {},
    optional={
        "mediaType": st.just(ORDER) | contents,
        "opaqueData": headers | contents,
        "order_id": contents,
        "total": st.just("9.99") | contents,
        "Type": st.sampled_from(["Notification", "SubscriptionConfirmation"]),
        "TopicArn": contents,
        "Message": contents,
    },
)
bodies = documents.map(json.dumps) | contents.map(json.dumps) | st.text()
attributes = st.dictionaries(
    st.sampled_from(["x-resent", "content_type", "content_encoding", "media_type", "dead_letter"]),
    st.builds(Attribute, st.sampled_from(["String", "Binary", "Number"]), st.text() | st.binary()),
)
records = st.builds(
    Record,
    bodies,
    st.just("handle"),
    st.just("sqs-1"),
    st.integers(1, 2000),
    st.floats(0, 2e9),
    st.floats(0, 2e9),
    attributes,
)
numbers = st.none() | st.floats() | st.integers()
signals = st.one_of(
    st.builds(Nack, numbers),
    st.builds(Reject, st.text()),
    st.builds(Discard, st.text()),
    st.builds(SkipMessage),
)


class Odd(Signal):
    """A signal of somebody's own, that says anything."""

    def __init__(self, verdict):
        self.verdict = verdict


odd = st.builds(Odd, scalars | st.builds(Retry, scalars) | st.builds(Drop, scalars))
outcomes = (
    st.sampled_from(ERRORS)
    | signals
    | odd
    | st.builds(SystemExit, scalars)
    | st.just(GeneratorExit())
    | scalars
)


def registry(outcome, is_async, falsy):
    tasks = Tasks()

    def handler(content):
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    async def coroutine(content):
        return handler(content)

    declare = handles if falsy else lambda schema, **terms: lambda given: task(schema, **terms)(order(given))
    declare(OrderPlaced, tasks=tasks, stop=stop_after_attempt(5))(coroutine if is_async else handler)
    return tasks


def order(handler):
    if asyncio.iscoroutinefunction(handler):

        async def named(order_id, total):
            return await handler({})
    else:

        def named(order_id, total):
            return handler({})

    return named


def dispatch(dispatcher, delivery):
    call = dispatcher.prepare(delivery, NOW)
    if not isinstance(call, HandlerCall):
        return call
    return (
        asyncio.run(dispatcher.arun(call, lambda: NOW))
        if call.task.is_async
        else dispatcher.run(call, lambda: NOW)
    )


@given(
    records,
    outcomes.filter(lambda each: not isinstance(each, GeneratorExit)),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_there_is_always_a_verdict(record, outcome, is_async, falsy, fifo):
    dispatcher = Dispatcher(registry(outcome, is_async, falsy), "default", fifo=fifo)

    verdict = dispatch(dispatcher, decode_record(record))

    assert isinstance(verdict, Ack | Retry | DeadLetter | Drop)
    if isinstance(verdict, Retry):
        assert verdict.after >= 0


@given(outcomes, st.booleans(), st.integers(1, 10))
def test_only_success_and_explicit_verdicts_end_a_message_without_a_dead_letter(outcome, falsy, attempt):
    # Given a message that is fine
    body = json.dumps({"mediaType": ORDER, "opaqueData": {}, "order_id": "o-1", "total": "9.99"})
    record = Record(body, "handle", "sqs-1", attempt, NOW, NOW)

    verdict = dispatch(Dispatcher(registry(outcome, False, falsy), "default"), decode_record(record))

    if isinstance(verdict, Ack | Drop):
        said = getattr(outcome, "verdict", None)
        assert not isinstance(outcome, BaseException) or isinstance(said, Ack | Drop)
        assert not isinstance(verdict, Drop) or isinstance(said, Drop)

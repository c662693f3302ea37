"""Consumer: messages are received, processed, and acknowledged or given back one by one."""

import json
import logging
from collections.abc import Callable

import pytest
from tenacity import stop_after_attempt, wait_fixed

from pubsub_tasks.consumer.consumer import ConsumedMessage, Consumer
from pubsub_tasks.decorators import task
from pubsub_tasks.environments.memory import MemoryEnvironment
from pubsub_tasks.errors import DecodeError, InvalidContent, LeaseLost, SettleFailed, UnknownMediaType
from pubsub_tasks.messages.headers import current_headers
from pubsub_tasks.signals import Discard, Nack, Reject, SkipMessage
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.transports.sqs import SqsQueue
from pubsub_tasks.wire.records import Outgoing
from tests.samples import ORDER, OrderPlaced, body

Consume = Callable[..., list[ConsumedMessage]]


class Shop:
    """A queue in memory with a dead-letter queue, its consumer, and a virtual clock."""

    def __init__(self, tasks: Tasks, dead_letters: bool = True) -> None:
        self.clock = VirtualClock()
        self.environment = MemoryEnvironment(tasks, self.clock)
        self.queue: SqsQueue = self.environment.queue("default")
        self.letters = self.environment.queue("default-dlq")
        self.consumer = Consumer(
            self.queue,
            tasks,
            queue_name="default",
            dead_letters=lambda: self.letters if dead_letters else None,
            clock=self.clock,
        )

    def send(self, *bodies: str) -> "Shop":
        self.queue.send([Outgoing(text) for text in bodies])
        return self

    def one(self) -> ConsumedMessage:
        (message,) = self.consumer.consume()
        return message

    def count(self) -> tuple[int, int, int]:
        """(visible, in flight, dead letters)"""
        found = self.queue.attributes()
        return found.visible, found.in_flight, self.letters.attributes().visible

    def is_hidden_for(self, seconds: int) -> bool:
        """Whether the message in flight becomes visible after exactly this many seconds."""
        if seconds:
            self.clock.advance(seconds - 1)
            if self.queue.attributes().visible:
                return False
            self.clock.advance(1)
        return self.queue.attributes().visible == 1


@pytest.fixture
def tasks() -> Tasks:
    tasks = Tasks()

    @task(OrderPlaced, tasks=tasks, stop=stop_after_attempt(3), wait=wait_fixed(7))
    def keep(order_id: str, total: object) -> None: ...

    return tasks


@pytest.fixture
def shop(tasks: Tasks) -> Shop:
    return Shop(tasks)


def test_consuming_an_empty_queue_gives_no_messages(shop: Shop) -> None:
    assert shop.consumer.consume() == []


def test_a_message_has_its_content_and_metadata(shop: Shop) -> None:
    shop.send(body(headers={"x-message-id": "m-1", "x-request-id": "r-1"}))

    message = shop.one()

    assert message.content["order_id"] == "o-1"
    assert message.media_type == ORDER
    assert message.message_id == "m-1"
    assert message.approximate_receive_count == 1
    assert message.opaque_data["x-request-id"] == "r-1"
    assert repr(message) == f"<ConsumedMessage m-1 of {ORDER}>"


def test_an_acknowledged_message_is_deleted(shop: Shop) -> None:
    shop.send(body())

    shop.one().ack()

    assert shop.count() == (0, 0, 0)


@pytest.mark.parametrize(
    ("given", "expected"), [(42, 42), (0, 0), (0.2, 1), (99_999, 43_200), (None, 7)], ids=str
)
def test_a_nacked_message_is_visible_again_after_its_wait(
    shop: Shop, given: float | None, expected: int
) -> None:
    message = shop.send(body()).one()

    message.nack(given)

    assert shop.is_hidden_for(expected)
    assert shop.one().approximate_receive_count == 2


def test_a_nack_beyond_twelve_hours_takes_the_time_that_is_left(shop: Shop) -> None:
    message = shop.send(body()).one()
    shop.clock.advance(10)

    message.nack(99_999)

    assert shop.is_hidden_for(43_190)


def test_after_the_last_attempt_a_nack_is_a_dead_letter(shop: Shop) -> None:
    shop.send(body())
    for _ in range(3):
        shop.one().nack()
        shop.clock.advance(7)

    assert shop.count() == (0, 0, 1)


def test_a_message_is_settled_once(shop: Shop) -> None:
    message = shop.send(body()).one()
    message.nack(0)

    with pytest.raises(SettleFailed, match="settled already: Retry"):
        message.ack()

    assert shop.count()[0] == 1


def test_acknowledging_too_late_raises_lease_lost(shop: Shop) -> None:
    late = shop.send(body()).one()
    shop.clock.advance(31)
    shop.one().ack()

    with pytest.raises(LeaseLost, match="was not settled"):
        late.nack(5)


# As a context manager


def test_a_block_that_succeeds_acknowledges(shop: Shop) -> None:
    shop.send(body())

    with shop.one() as message:
        assert message.content["order_id"] == "o-1"

    assert shop.count() == (0, 0, 0)


def test_a_block_that_fails_settles_as_the_policy_says_and_raises(shop: Shop) -> None:
    shop.send(body())

    with pytest.raises(KeyError, match="oops"), shop.one():
        raise KeyError("oops")

    assert shop.is_hidden_for(7)


@pytest.mark.parametrize(
    ("signal", "expected"),
    [
        (Nack(0), (1, 0, 0)),
        (Nack(5), (0, 1, 0)),
        (SkipMessage("no"), (0, 0, 0)),
        (Discard("no"), (0, 0, 0)),
        (Reject("no"), (0, 0, 1)),
    ],
    ids=repr,
)
def test_a_signal_in_a_block_decides_for_itself_and_is_raised(
    shop: Shop, signal: Exception, expected: tuple[int, int, int]
) -> None:
    shop.send(body())

    with pytest.raises(type(signal)), shop.one():
        raise signal

    assert shop.count() == expected


def test_a_block_does_not_settle_a_settled_message_again(shop: Shop) -> None:
    shop.send(body())

    with shop.one() as message:
        message.nack(0)

    assert shop.count() == (1, 0, 0)


def test_an_interrupted_block_does_not_settle(shop: Shop) -> None:
    shop.send(body())

    with pytest.raises(KeyboardInterrupt), shop.one():
        raise KeyboardInterrupt

    assert shop.count() == (0, 1, 0)


def test_a_failure_to_settle_does_not_hide_the_error(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    message = shop.send(body()).one()
    shop.queue.delete([message.delivery.record.receipt_handle])

    with caplog.at_level(logging.WARNING), pytest.raises(KeyError, match="oops"), message:
        raise KeyError("oops")

    assert "was not settled and becomes visible again" in caplog.text


def test_messages_published_in_a_block_inherit_its_headers(shop: Shop) -> None:
    shop.send(body(headers={"x-request-id": "r-1", "x-message-id": "m-1", "x-request-ttl": "9"}))

    with shop.one():
        assert current_headers() == {"x-request-id": "r-1", "x-request-ttl": "8"}

    assert current_headers() == {}


# Unreadable messages

UNREADABLE = [
    ("no json", DecodeError, "undecodable"),
    (body(order_id="o-1"), InvalidContent, "invalid"),
    (body(media_type="application/vnd.nobody.knows"), UnknownMediaType, "unknown"),
]


@pytest.mark.parametrize(("bad", "error", "reason"), UNREADABLE, ids=[case[2] for case in UNREADABLE])
def test_an_unreadable_body_does_not_affect_the_other_messages(
    shop: Shop, bad: str, error: type[Exception], reason: str
) -> None:
    # Given a bad message between two good ones
    shop.send(body(order_id="1", total="1"), bad, body(order_id="3", total="1"))

    # When each is processed
    messages = shop.consumer.consume()
    seen = []
    for message in messages:
        try:
            with message:
                seen.append(message.content["order_id"])
        except error:
            seen.append(reason)

    # Then the good ones are handled, and the bad one is a dead letter with the reason
    assert sorted(seen) == sorted(["1", "3", reason])
    assert shop.count() == (0, 0, 1)
    (letter,) = shop.letters.receive(10, 0, None)
    assert letter.body == bad
    assert json.loads(letter.attributes["dead_letter"].value)["reason"] == reason


def test_without_a_dead_letter_queue_unreadable_messages_are_hidden_longer_each_time(
    tasks: Tasks,
) -> None:
    shop = Shop(tasks, dead_letters=False).send("no json")

    for seconds in (60, 120, 240):
        with pytest.raises(DecodeError), shop.one() as message:
            _ = message.content
        assert shop.is_hidden_for(seconds)


def test_without_a_dead_letter_queue_rejected_messages_are_hidden_as_long_as_possible(tasks: Tasks) -> None:
    shop = Shop(tasks, dead_letters=False).send("no json")

    with pytest.raises(Reject), shop.one():
        raise Reject("no")

    assert shop.is_hidden_for(43_200)


def test_a_refused_dead_letter_leaves_its_message_in_the_queue(shop: Shop) -> None:
    # Given a dead-letter queue with a smaller size limit
    small = {"QueueUrl": shop.letters.url, "Attributes": {"MaximumMessageSize": "1024"}}
    shop.environment.memory.client("sqs").set_queue_attributes(**small)
    shop.send("x" * 2_000)

    with pytest.raises(DecodeError), shop.one() as message:
        _ = message.content

    assert shop.is_hidden_for(30)


def test_an_unread_message_that_succeeds_is_acknowledged(shop: Shop) -> None:
    """Its content is never accessed, so its error is never raised."""
    shop.send("no json")

    with shop.one() as message:
        assert message.media_type is None

    assert shop.count() == (0, 0, 0)

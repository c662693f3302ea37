"""Hostile messages through a worker: it stays up, and each is handled or a dead letter, byte for byte."""

import gc
import tracemalloc
from collections import Counter
from itertools import islice
from typing import Any

import pytest
from marshmallow import Schema, fields

from pubsub_tasks import Delivery, PubSubMessageSchema, Tasks, task
from pubsub_tasks.dead_letters.dead_letter_attribute import DEAD_LETTER, Failure
from pubsub_tasks.wire.compression import CONTENT_ENCODING, MAX_EXPANDED
from pubsub_tasks.wire.records import Attribute, Outgoing, Record, Sent, text
from tests.faults.bench import Bench
from tests.faults.conftest import Survived
from tests.faults.hostile import MEDIA_TYPES, bomb, hostile

PORTION = 500


class Order(PubSubMessageSchema):
    MEDIA_TYPE = MEDIA_TYPES[0]

    number = fields.Integer(required=True)


class Address(Schema):
    city = fields.String(required=True)
    lines = fields.Dict(keys=fields.String(), values=fields.Integer())


class Parcel(PubSubMessageSchema):
    """One of each kind of field that reads text."""

    MEDIA_TYPE = MEDIA_TYPES[1]

    parcel_id = fields.UUID(required=True)
    weight = fields.Decimal(required=True, as_string=True)
    sent_at = fields.DateTime(required=True)
    email = fields.Email()
    tags = fields.List(fields.String())
    address = fields.Nested(Address)
    fragile = fields.Boolean()
    price = fields.Float()


class Target:
    """A bench whose handlers count what reaches them, by SQS message id."""

    def __init__(self) -> None:
        self.handled: Counter[str] = Counter()
        tasks = Tasks()

        @task(Order, tasks=tasks)
        def order(delivery: Delivery, **content: Any) -> None:
            self.handled[delivery.sqs_message_id] += 1

        @task(Parcel, tasks=tasks)
        def prepared(delivery: Delivery, **content: Any) -> None:
            self.handled[delivery.sqs_message_id] += 1

        self.bench = Bench(tasks)

    def take(self, portion: list[Outgoing]) -> Counter[str]:
        """Send these, let a day pass, and see what became of each; by reason."""
        sent = {}
        for outgoing in portion:
            (answer,) = self.bench.queue.send([outgoing])
            assert isinstance(answer, Sent), f"{answer} for {outgoing.body[:200]!r}"
            sent[answer.message_id] = outgoing
        self.bench.live(86_400)
        assert self.bench.left() == 0
        became = Counter({"handled": self.handled.total()})
        for letter in self.bench.letters():
            became[check(letter, sent, self.handled)] += 1
        assert self.handled.keys() == sent.keys(), "some are nowhere"
        assert set(self.handled.values()) == {1}, "some had two fates"
        self.handled.clear()
        self.bench.seen.clear()
        self.bench.transport.calls.clear()
        return became


def check(letter: Record, sent: dict[str, Outgoing], fates: Counter[str]) -> str:
    """A letter is the message as it was, and tells why; gives the reason."""
    failure = Failure.read(letter)
    assert failure is not None
    original = sent[failure.sqs_message_id]
    fates[failure.sqs_message_id] += 1
    assert letter.body == original.body
    assert own(letter, failure) == {
        name: attribute for name, attribute in original.attributes.items() if name != DEAD_LETTER
    }
    assert failure.reason
    return failure.reason


def own(letter: Record, failure: Failure) -> dict[str, Attribute]:
    """The message's own attributes, wherever the letter carries them."""
    kept = {name: value for name, value in letter.attributes.items() if name != DEAD_LETTER}
    return {**kept, **failure.attributes}


def fuzz(target: Target, count: int, seed: int) -> str:
    """Send so many, by the portion; returns what was survived."""
    bodies, became = hostile(seed), Counter[str]()
    for _ in range(count // PORTION):
        became += target.take(list(islice(bodies, PORTION)))
    told = ", ".join(f"{number:,} {reason}" for reason, number in became.most_common())
    return f"{count:,} hostile messages: {told}"


def test_a_few_hostile_messages_have_one_fate_each() -> None:
    Target().take(list(islice(hostile(4), 100)))


def test_hostile_messages_end_byte_for_byte_in_the_dead_letter_queue(survived: Survived) -> None:
    survived(fuzz(Target(), 2_000, seed=1))


@pytest.mark.slow
@pytest.mark.timeout(1_800)
def test_50_000_hostile_messages_end_byte_for_byte_in_the_dead_letter_queue(survived: Survived) -> None:
    target = Target()
    told = fuzz(target, 5_000, seed=2)
    tracemalloc.start()
    try:
        fuzz(target, 2 * PORTION, seed=3)
        before = kept()
        survived(fuzz(target, 45_000, seed=4))
        growth = kept() / before
    finally:
        tracemalloc.stop()
    assert growth < 2, "memory grows with what goes through"
    survived(f"{told}; memory kept after 45,000 more x {growth:.2f}")


def kept() -> int:
    """Bytes that are in use, of what was taken since the tracing began."""
    gc.collect()
    return tracemalloc.get_traced_memory()[0]


def test_no_message_takes_memory_out_of_proportion(survived: Survived) -> None:
    """A body of many small values costs Python many times its length, and none may cost more than that."""
    target, worst = Target(), (0.0, "")
    plain = (each for each in hostile(3) if "content_encoding" not in each.attributes)
    for outgoing in sorted(islice(plain, 200), key=lambda outgoing: -outgoing.size)[:12]:
        worst = max(worst, (peak(target, outgoing) / outgoing.size, outgoing.body[:40]))
    assert worst[0] < 200, worst
    survived(f"the worst of 12 large bodies took {worst[0]:.0f} bytes for each of its own")


@pytest.mark.parametrize("unit", [b"0,", b'{"":0},'])
def test_a_bomb_of_compression_goes_no_further_than_its_bound(unit: bytes, survived: Survived) -> None:
    """Under a hundred kilobytes that would be sixty megabytes of JSON, and gigabytes of Python."""
    outgoing = Outgoing(bomb(unit, MAX_EXPANDED - 100), {CONTENT_ENCODING: text("gzip,base64")})

    taken = peak(Target(), outgoing)

    assert taken < 4 * MAX_EXPANDED
    survived(f"{outgoing.size:,} bytes of a bomb took {taken / MAX_EXPANDED:.1f} x the bound")


def peak(target: Target, outgoing: Outgoing) -> int:
    """The most memory that is in use while this message is dealt with, beside what was before."""
    gc.collect()
    tracemalloc.start()
    try:
        target.take([outgoing])
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

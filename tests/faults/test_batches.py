"""Batch calls that fail in part: for each of them, whoever is said to be at fault, and whatever was done."""

import json
from collections import Counter
from random import Random

import pytest
from marshmallow import fields
from tenacity import stop_after_attempt, wait_fixed

from pubsub_tasks import Delivery, PubSubMessageSchema, Reject, Tasks, task
from pubsub_tasks.content.codec import Codec
from pubsub_tasks.errors import PublishFailed
from pubsub_tasks.publishing.producer import Producer
from pubsub_tasks.publishing.topics import Topics
from tests.faults.bench import Bench, reasons
from tests.faults.conftest import Survived
from tests.faults.spoilt import BATCHES, Entry, Refusal, nothing

COUNT = 60
REFUSALS = {
    "the service's fault": Refusal("InternalError"),
    "the service's fault, and done": Refusal("InternalError", acted=True),
    "the sender's fault": Refusal("InvalidParameterValue", sender_fault=True),
    "the sender's fault, and done": Refusal("InvalidParameterValue", sender_fault=True, acted=True),
    "throttled": Refusal("RequestThrottled", sender_fault=True),
}

TRIED_AGAIN = [REFUSALS["the service's fault"], REFUSALS["throttled"]]


class Numbered(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.faults.pubsub._.created.number"

    number = fields.Integer(required=True)


def shop(done: Counter[int]) -> Tasks:
    """A task that does most at once, some at a second try, and rejects the rest."""
    tasks = Tasks()

    @task(Numbered, tasks=tasks, stop=stop_after_attempt(100), wait=wait_fixed(5))
    def handle(number: int, delivery: Delivery) -> None:
        if number % 4 == 2 and delivery.attempt == 1:
            raise OSError("not now")
        if number % 4 == 3:
            raise Reject("never")
        done[number] += 1

    return tasks


def bodies() -> list[str]:
    return [json.dumps({"mediaType": Numbered.MEDIA_TYPE, "number": number}) for number in range(COUNT)]


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
@pytest.mark.parametrize("action", ["DeleteMessageBatch", "ChangeMessageVisibilityBatch", "SendMessageBatch"])
def test_refused_entries_are_not_forgotten(action: str, refusal: Refusal, survived: Survived) -> None:
    # Given a queue of messages with different fates, and a service that refuses entries of one kind of call
    done: Counter[int] = Counter()
    bench = Bench(shop(done))
    bench.send(*bodies())
    chance = Random(f"{action} {refusal}")
    left = Counter({action: 40})

    def refuse(called: str, entry: Entry) -> Refusal | None:
        if called != action or not left[action] or chance.random() < 0.5:
            return None
        left[action] -= 1
        return refusal

    bench.transport.refuse = refuse
    # When an hour passes
    bench.live(3_600)
    # Then each message had its fate, and only what was refused may have had it twice
    refused = bench.transport.refused[action]
    assert refused >= 5
    assert sorted(done) == [number for number in range(COUNT) if number % 4 != 3]
    letters = bench.letters()
    assert {letter.body for letter in letters} == set(bodies()[3::4])
    assert set(reasons(letters)) == {"rejected"}
    assert bench.left() == 0
    repeats = done.total() - len(done) + len(letters) - COUNT // 4
    undone_and_tried_again = not refusal.acted and refusal in TRIED_AGAIN
    assert repeats <= (0 if undone_and_tried_again else refused)
    survived(f"{refused} entries of {action} refused, {repeats} repeats, none lost")


@pytest.mark.parametrize(
    ("failing", "letters_for_each"),
    [("SendMessageBatch", 1), ("DeleteMessageBatch", 2)],
    ids=["before its letters were sent", "between letter and delete"],
)
def test_a_process_killed_while_it_dead_letters_loses_nothing(failing: str, letters_for_each: int) -> None:
    # Given messages that are rejected, and a call that fails
    bench = Bench(shop(Counter()))
    rejected = bodies()[3::4]
    bench.send(*rejected)
    bench.transport.fail = lambda action: "InternalError" if action == failing else None
    bench.live(20)
    # When the process is killed, and the call succeeds for the next
    bench.crash()
    bench.transport.fail = nothing
    bench.live(60)
    # Then every letter is there, twice if the first was sent before
    assert Counter(letter.body for letter in bench.letters()) == Counter(rejected * letters_for_each)
    assert bench.left() == 0


def test_a_worker_told_to_stop_does_not_sit_out_its_back_off() -> None:
    # Given deletes that have failed for minutes, and are tried twice a minute by now
    done: Counter[int] = Counter()
    bench = Bench(shop(done))
    bench.send(*bodies()[::4])
    bench.transport.fail = lambda action: "ThrottlingException" if action == "DeleteMessageBatch" else None
    bench.live(300)
    # When the service is well again just as the worker has to end
    bench.transport.fail = nothing
    bench.drain()
    bench.live(2)
    # Then they are not left to be done again
    assert bench.inflight.idle
    assert bench.left() == 0
    assert set(done.values()) == {1}


@pytest.mark.parametrize("refusal", REFUSALS.values(), ids=REFUSALS.keys())
def test_refused_publishes_are_told_to_their_sender(refusal: Refusal, survived: Survived) -> None:
    # Given a topic that takes some entries of each batch and refuses others
    done: Counter[int] = Counter()
    tasks = shop(done)
    bench = Bench(tasks)
    sns = bench.transport.client("sns")
    topic = sns.create_topic(Name="numbers")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=bench.queue.attributes().arn)
    chance = Random(str(refusal))
    bench.transport.refuse = lambda action, entry: (
        refusal if action == "PublishBatch" and chance.random() < 0.4 else None
    )
    producer = Producer(
        bench.transport.publisher(),
        Topics(default=topic),
        tasks.schemas,
        clock=bench.clock,
        sleep=lambda seconds: bench.clock.advance(seconds) and None,
    )
    # When its sender sends again what it is told has failed, until nothing has
    waiting, rounds = list(range(COUNT)), 0
    while waiting:
        rounds += 1
        failed = refused_by(producer, waiting)
        waiting = [waiting[index] for index in failed]
    bench.live(60)
    # Then everything arrived
    assert sorted(done) == [number for number in range(COUNT) if number % 4 != 3]
    assert bench.left() == 0
    refused = bench.transport.refused["PublishBatch"]
    arrived = done.total() + len(bench.letters())
    assert COUNT <= arrived <= COUNT + (refused if refusal.acted else 0)
    survived(f"{refused} publishes refused, sent in {rounds} rounds, {arrived - COUNT} repeats, none lost")


def refused_by(producer: Producer, numbers: list[int]) -> list[int]:
    """Publish these; gives the indices of those that failed."""
    try:
        producer.publish_many(Codec(Numbered), [{"number": number} for number in numbers])
    except PublishFailed as error:
        return [index for index, _, _ in error.failed]
    return []


@pytest.mark.parametrize("seed", range(4))
def test_everything_refused_at_random_and_calls_that_fail_lose_nothing(seed: int, survived: Survived) -> None:
    # Given a service that for half an hour refuses a third of all entries and fails a fifth of all calls
    done: Counter[int] = Counter()
    bench = Bench(shop(done))
    bench.send(*bodies())
    chance = Random(seed)
    calm = bench.clock() + 1_800
    codes = ["ThrottlingException", "InternalError", "ExpiredToken", "ServiceUnavailable", "OverLimit"]
    kinds = list(REFUSALS.values())

    def fail(action: str) -> str | None:
        stormy = bench.clock() < calm and (action in BATCHES or action == "ReceiveMessage")
        return chance.choice(codes) if stormy and chance.random() < 0.2 else None

    def refuse(action: str, entry: Entry) -> Refusal | None:
        return chance.choice(kinds) if bench.clock() < calm and chance.random() < 0.3 else None

    bench.transport.fail, bench.transport.refuse = fail, refuse
    # When it is over, and all leases have run out once more
    bench.live(3_600)
    # Then nothing is lost
    assert sorted(done) == [number for number in range(COUNT) if number % 4 != 3]
    letters = bench.letters()
    assert {letter.body for letter in letters} == set(bodies()[3::4])
    assert bench.left() == 0
    repeats = done.total() - len(done) + len(letters) - COUNT // 4
    survived(f"{bench.transport.refused.total()} entries refused, {repeats} repeats, none lost")

"""A topic gives one copy to each subscribed queue, raw or in SNS's envelope, entry by entry."""

from base64 import b64decode
from json import dumps, loads

import pytest

from pubsub_tasks.errors import PublishFailed
from pubsub_tasks.wire.records import Attribute, EntryFailure, Outgoing, Sent, text
from tests.contract.environments import Environment, bodies, by_body, receive


def test_each_subscribed_queue_gets_its_own_copy(environment: Environment) -> None:
    # Given two queues on one topic
    topic, first, second = environment.topic(), environment.queue(), environment.queue()
    environment.subscribe(topic, first)
    environment.subscribe(topic, second)

    # When a message is published
    (answer,) = environment.publisher().publish(topic, [Outgoing("hello")])

    # Then each has a copy, and an id of its own
    assert isinstance(answer, Sent)
    (one,), (other,) = receive(first), receive(second)
    assert one.body == other.body == "hello"
    assert one.message_id != other.message_id


def test_raw_delivery_carries_body_and_attributes_unchanged(environment: Environment) -> None:
    topic, queue = environment.topic(), environment.queue()
    environment.subscribe(topic, queue)
    attributes = {
        "media_type": text("application/vnd.shop.created.order"),
        "count": Attribute("Number", "3"),
        "tags": Attribute("String.Array", '["a","b"]'),
    }

    environment.publisher().publish(topic, [Outgoing('{"é": "✓"}', attributes)])

    (record,) = receive(queue)
    assert record.body == '{"é": "✓"}'
    assert record.attributes == attributes


def test_raw_delivery_carries_binary_attributes(environment: Environment) -> None:
    environment.lacks("binary_attributes", "dropped by PublishBatch, and a poison pill to ReceiveMessage")
    topic, queue = environment.topic(), environment.queue()
    environment.subscribe(topic, queue)

    environment.publisher().publish(topic, [Outgoing("hello", {"seal": Attribute("Binary", b"\x00\xff")})])

    (record,) = receive(queue)
    assert record.attributes == {"seal": Attribute("Binary", b"\x00\xff")}


def test_an_envelope_has_topic_message_and_attributes(environment: Environment) -> None:
    # Given a subscription without raw delivery
    topic, queue = environment.topic(), environment.queue()
    environment.subscribe(topic, queue, raw=False)

    # When a message with an attribute is published
    (answer,) = environment.publisher().publish(topic, [Outgoing("hello", {"media_type": text("m/t")})])

    # Then all is in the body, and SQS itself has no attributes
    (record,) = receive(queue)
    envelope = loads(record.body)
    assert isinstance(answer, Sent)
    assert envelope["Type"] == "Notification"
    assert envelope["TopicArn"] == topic
    assert envelope["Message"] == "hello"
    assert envelope["MessageId"] == answer.message_id
    assert envelope["MessageAttributes"] == {"media_type": {"Type": "String", "Value": "m/t"}}
    assert record.attributes == {}


def test_an_envelope_has_binary_attributes_in_base64(environment: Environment) -> None:
    environment.lacks("binary_attributes", "dropped by PublishBatch")
    topic, queue = environment.topic(), environment.queue()
    environment.subscribe(topic, queue, raw=False)

    environment.publisher().publish(topic, [Outgoing("hello", {"seal": Attribute("Binary", b"\x00\xff")})])

    (record,) = receive(queue)
    seal = loads(record.body)["MessageAttributes"]["seal"]
    assert seal["Type"] == "Binary"
    assert b64decode(seal["Value"]) == b"\x00\xff"


def test_a_batch_is_answered_entry_by_entry_in_order(environment: Environment) -> None:
    topic, queue = environment.topic(), environment.queue()
    environment.subscribe(topic, queue)

    answers = environment.publisher().publish(topic, [Outgoing(f"{number}") for number in range(10)])

    assert all(isinstance(answer, Sent) for answer in answers)
    assert len({answer.message_id for answer in answers if isinstance(answer, Sent)}) == 10
    assert sorted(bodies(receive(queue))) == [f"{number}" for number in range(10)]


def test_one_bad_entry_fails_alone(environment: Environment) -> None:
    environment.lacks("limits", "one bad entry fails the whole call")
    topic, queue = environment.topic(), environment.queue()
    environment.subscribe(topic, queue)

    good, bad = environment.publisher().publish(
        topic, [Outgoing("good"), Outgoing("bad", {"n": Attribute("Number", "x")})]
    )

    assert isinstance(good, Sent)
    assert isinstance(bad, EntryFailure)
    assert not bad.retriable
    assert bodies(receive(queue)) == ["good"]


def test_a_filter_policy_keeps_out_what_it_does_not_name(environment: Environment) -> None:
    topic, queue = environment.topic(), environment.queue()
    environment.subscribe(topic, queue, FilterPolicy='{"media_type": ["wanted"]}')

    environment.publisher().publish(
        topic,
        [Outgoing("no", {"media_type": text("other")}), Outgoing("yes", {"media_type": text("wanted")})],
    )

    assert bodies(receive(queue)) == ["yes"]


def test_a_subscriber_that_is_gone_keeps_nothing_from_the_others(environment: Environment) -> None:
    environment.lacks("limits", "Publish fails, and later subscribers miss the message")
    topic, gone, there, letters = (
        environment.topic(),
        environment.queue(),
        environment.queue(),
        environment.queue(),
    )
    policy = dumps({"deadLetterTargetArn": letters.attributes().arn})
    environment.subscribe(topic, gone, RedrivePolicy=policy)
    environment.subscribe(topic, there)
    environment.sqs.delete_queue(QueueUrl=gone.url)

    (answer,) = environment.publisher().publish(topic, [Outgoing("hello")])

    assert isinstance(answer, Sent)
    assert bodies(receive(there)) == bodies(receive(letters)) == ["hello"]


def test_after_unsubscribing_no_more_messages_arrive(environment: Environment) -> None:
    topic, queue = environment.topic(), environment.queue()
    environment.subscribe(topic, queue)
    (told,) = environment.sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert told["Endpoint"] == queue.attributes().arn

    environment.sns.unsubscribe(SubscriptionArn=told["SubscriptionArn"])
    environment.publisher().publish(topic, [Outgoing("hello")])

    assert receive(queue) == []


def test_subscribing_again_finds_the_same_subscription(environment: Environment) -> None:
    topic, queue = environment.topic(), environment.queue()
    environment.subscribe(topic, queue)
    environment.subscribe(topic, queue)

    environment.publisher().publish(topic, [Outgoing("hello")])

    assert bodies(receive(queue)) == ["hello"]


def test_a_structured_message_has_a_text_for_queues(environment: Environment) -> None:
    topic, queue = environment.topic(), environment.queue()
    environment.subscribe(topic, queue)

    structure = dumps({"default": "for all", "sqs": "for queues"})
    environment.sns.publish(TopicArn=topic, Message=structure, MessageStructure="json")

    assert bodies(receive(queue)) == ["for queues"]


def test_a_fifo_queue_cannot_subscribe_to_a_standard_topic(environment: Environment) -> None:
    refusal = environment.refusal(
        environment.sns.subscribe,
        TopicArn=environment.topic(),
        Protocol="sqs",
        Endpoint=environment.queue(fifo=True).attributes().arn,
    )

    assert refusal == "InvalidParameter"


def test_a_fifo_topic_takes_a_message_once(environment: Environment) -> None:
    environment.lacks("deduplication", "a topic does not deduplicate")
    topic, queue = environment.topic(fifo=True), environment.queue(fifo=True)
    environment.subscribe(topic, queue)
    twice = Outgoing("hello", group_id="g", deduplication_id="d")

    first = environment.publisher().publish(topic, [twice])
    again = environment.publisher().publish(topic, [twice])

    assert first == again
    assert bodies(receive(queue)) == ["hello"]


def test_a_group_reaches_a_standard_queue_too(environment: Environment) -> None:
    topic, queue = environment.topic(), environment.queue()
    environment.subscribe(topic, queue)

    environment.publisher().publish(topic, [Outgoing("hello", group_id="customer-7")])

    (record,) = receive(queue)
    assert record.group_id == "customer-7"


def test_a_fifo_topic_keeps_order_and_group(environment: Environment) -> None:
    topic, queue = environment.topic(fifo=True), environment.queue(fifo=True)
    environment.subscribe(topic, queue)

    environment.publisher().publish(
        topic, [Outgoing(f"{number}", group_id="g", deduplication_id=f"d{number}") for number in range(3)]
    )

    records = receive(queue)
    assert bodies(records) == ["0", "1", "2"]
    assert {record.group_id for record in records} == {"g"}
    assert [record.deduplication_id for record in records] == ["d0", "d1", "d2"]


def test_a_topic_accepts_messages_of_256_kib_in_bytes(environment: Environment) -> None:
    environment.lacks("limits", "counts characters, and the body alone")
    topic, queue = environment.topic(), environment.queue()
    environment.subscribe(topic, queue)
    limit = 262_144
    full, over = Outgoing("é" * (limit // 2)), Outgoing("é" * (limit // 2) + "!")
    assert (full.size, over.size) == (limit, limit + 1)

    # A batch has the same limit as a message, so the one that fits goes alone
    (answer,) = environment.publisher().publish(topic, [full])

    assert isinstance(answer, Sent)
    assert _is_refused(environment, topic, over)


def test_attributes_count_towards_the_size(environment: Environment) -> None:
    environment.lacks("limits", "counts characters, and the body alone")
    topic = environment.topic()
    attributes = {"name": text("value")}
    weight = len("name") + len("String") + len("value")

    assert isinstance(
        environment.publisher().publish(topic, [Outgoing("x" * (262_144 - weight), attributes)])[0], Sent
    )
    assert _is_refused(environment, topic, Outgoing("x" * (262_144 - weight + 1), attributes))


def test_a_missing_topic_fails_the_call_and_names_the_code(environment: Environment) -> None:
    missing = environment.topic() + "-gone"

    with pytest.raises(PublishFailed, match=missing) as caught:
        environment.publisher().publish(missing, [Outgoing("hello")])

    assert caught.value.code == "NotFound"
    assert caught.value.__cause__ is not None


def test_attributes_stay_with_their_own_entry(environment: Environment) -> None:
    topic, queue = environment.topic(), environment.queue()
    environment.subscribe(topic, queue)

    environment.publisher().publish(topic, [Outgoing("a", {"n": text("1")}), Outgoing("b")])

    records = by_body(receive(queue))
    assert records["a"].attributes == {"n": text("1")}
    assert records["b"].attributes == {}


def _is_refused(environment: Environment, topic: str, entry: Outgoing) -> bool:
    """SNS may refuse a single heavy entry as an entry or as a call."""
    try:
        (answer,) = environment.publisher().publish(topic, [entry])
    except PublishFailed as error:
        return error.code in {"InvalidParameter", "BatchRequestTooLong"}
    return isinstance(answer, EntryFailure) and not answer.retriable

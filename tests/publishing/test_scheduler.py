"""Later: by the queue, by a schedule, or by hops; never in anybody's memory."""

import json
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws

from pubsub_tasks.decorators import task
from pubsub_tasks.dispatching.dispatcher import Dispatcher, HandlerCall
from pubsub_tasks.dispatching.postponement import postponed_copy
from pubsub_tasks.errors import ConfigurationError, MessageTooLarge, PublishFailed
from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.messages.publish_options import PublishOptions, by
from pubsub_tasks.publishing.prepared_message import PreparedMessage, ScheduledDestination
from pubsub_tasks.publishing.routes import QueueUrls, Routes, when
from pubsub_tasks.publishing.scheduler import Schedules
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.transports.aws.clients import ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport
from pubsub_tasks.verdicts import Postpone, Retry
from pubsub_tasks.wire.records import Outgoing, Sent, text
from pubsub_tasks.wire.resend_attribute import RESENT, ResendState
from pubsub_tasks.worker.worker import Worker
from tests.samples import ORDER, OrderPlaced, noise

CONTENT = {"order_id": "o-1", "total": "1"}
DAY = 86_400
ROLE = "arn:aws:iam::123456789012:role/scheduler"


class Remembered:
    """A scheduler that remembers."""

    def __init__(self):
        self.scheduled = []

    def schedule(self, prepared, due):
        self.scheduled.append((due, prepared))
        return Sent(prepared.message_id)


@pytest.fixture
def later(shop):
    """A task whose queue has a URL; `shop.seen` is what it handled."""
    shop.topic("orders")
    shop.queue("jobs")
    shop.queue("jobs.fifo")
    shop.seen = []

    @task(OrderPlaced, queue="jobs", tasks=shop.tasks)
    def later(order_id):
        shop.seen.append(order_id)

    return bound(shop, later)


def bound(shop, later, scheduler=None):
    urls = QueueUrls({"jobs": shop.queues["jobs"].url})
    routes = Routes(shop.wire, shop.transport.queue, urls, scheduler)
    shop.bind(Topics({ORDER: "arn:aws:sns:us-east-1:000000000000:orders"}), routes=routes)
    return later


def receive(shop, visibility=30):
    return [decode_record(record) for record in shop.queues["jobs"].receive(10, 0, visibility)]


def test_the_queue_delays_a_message_by_up_to_15_minutes(shop, later):
    message_id = later.options(delay=timedelta(minutes=15)).publish(**CONTENT)

    assert receive(shop) == []
    shop.clock.advance(899)
    assert receive(shop) == []
    shop.clock.advance(1)
    (delivery,) = receive(shop)
    assert (delivery.id, delivery.attempt, delivery.not_before) == (message_id, 1, 0.0)
    assert shop.wire.calls == []  # not one of those that subscribe to the topic got it


@pytest.mark.parametrize("given", [{"delay": 0}, {"at": datetime(2020, 1, 1, tzinfo=UTC)}])
def test_a_time_in_the_past_is_sent_at_once_by_the_same_route(shop, later, given):
    later.options(**given).publish(**CONTENT)

    assert len(receive(shop)) == 1


def test_a_time_works_like_a_delay_and_is_never_early(shop, later):
    later.options(at=datetime.fromtimestamp(shop.clock() + 60.5, UTC)).publish(**CONTENT)

    shop.clock.advance(60)
    assert receive(shop) == []
    shop.clock.advance(1)
    assert len(receive(shop)) == 1


def dispatched(shop):
    """What the worker does with what it receives: (verdict or call, copy)."""
    dispatcher = Dispatcher(shop.tasks, "jobs")
    (delivery,) = receive(shop)
    prepared = dispatcher.prepare(delivery, shop.clock())
    if isinstance(prepared, Postpone):
        copy = postponed_copy(delivery, shop.clock())
        queue, handle = shop.queues["jobs"], delivery.record.receipt_handle
        if copy:
            queue.send([copy])
            queue.delete([handle])
        else:
            queue.change_visibility([(handle, int(prepared.after))])
        return delivery, "hop" if copy else "hold"
    return delivery, prepared


def test_a_longer_delay_is_kept_invisible_and_sent_again_without_spending_an_attempt(shop, later):
    message_id = later.options(delay=2 * DAY).publish(**CONTENT)
    published, ended, steps = shop.clock(), None, []

    while ended is None:
        wait = 1 if not steps else {"hop": 900, "hold": 43_200}[steps[-1]]
        due = published + 2 * DAY
        shop.clock.advance(900 if not steps else min(wait, max(1, due - shop.clock() + 1)))
        delivery, step = dispatched(shop)
        if isinstance(step, HandlerCall):
            ended = delivery
        else:
            steps.append(step)

    assert shop.clock() - published >= 2 * DAY
    assert steps == ["hold", "hop"] * 3 + ["hold"]
    assert (ended.id, ended.attempt) == (message_id, 1)
    assert ended.published_at == published
    # Its age for the policy counts from when it was due
    verdict = Dispatcher(shop.tasks, "jobs").decide(step, None, OSError(), shop.clock())
    assert isinstance(verdict, Retry)


def test_without_sending_again_a_long_delay_is_kept_as_a_retry(shop, later):
    later.options(delay=DAY).publish(**CONTENT)
    shop.clock.advance(900)
    (delivery,) = receive(shop)

    verdict = Dispatcher(shop.tasks, "jobs").prepare(delivery, shop.clock())

    assert isinstance(verdict, Retry)
    assert verdict.after == 43_200


def test_a_copy_carries_what_sqs_forgets(shop, later):
    later.options(delay=DAY, group_id="g", attributes={"tier": "gold"}).publish(**CONTENT)
    shop.clock.advance(900)
    receive(shop, visibility=0)
    (delivery,) = receive(shop)

    copy = postponed_copy(delivery, shop.clock())

    assert copy.body == delivery.record.body
    assert (copy.group_id, copy.delay) == ("g", 900)
    assert copy.attributes["tier"] == text("gold")
    assert ResendState.read(copy.attributes) == ResendState(first_published=delivery.published_at)


def test_ten_attributes_leave_no_place_so_it_is_held_again(shop, later):
    most = {f"name-{number}": "x" for number in range(9)}
    later.options(delay=DAY, attributes=most).publish(**CONTENT)
    shop.clock.advance(900)
    receive(shop, visibility=0)
    (delivery,) = receive(shop)

    assert postponed_copy(delivery, shop.clock()) is None


def test_a_worker_sends_it_on_and_confirms_before_it_deletes(shop, later):
    later.options(delay=DAY).publish(**CONTENT)
    shop.clock.advance(900)
    receive(shop, visibility=0)  # as by a worker that died, so that the next receive is the second
    queue = shop.queues["jobs"]
    worker = Worker(
        queue, Dispatcher(shop.tasks, "jobs"), capacity=Capacity(threads=1, wait=0), wall=shop.clock
    )

    worker.start()
    while not worker.counters.postponed:
        worker.wait(0.01)
    assert worker.stop(10)

    assert queue.attributes().visible == 0
    shop.clock.advance(900)
    (delivery,) = receive(shop)
    assert RESENT in delivery.record.attributes
    assert delivery.receives == 1
    assert shop.seen == []
    assert "not due yet 1" in worker.counters.describe()


def test_with_a_scheduler_it_is_scheduled(shop, later):
    scheduler = Remembered()
    bound(shop, later, scheduler)

    later.options(delay=901).publish(**CONTENT)
    later.options(delay=900).publish(**CONTENT)
    shop.tasks.options(delay=5).publish(OrderPlaced, **CONTENT)

    due = [due for due, _ in scheduler.scheduled]
    topic = "arn:aws:sns:us-east-1:000000000000:orders"
    assert due == [
        ScheduledDestination(shop.queues["jobs"].url, shop.clock() + 901),
        ScheduledDestination(topic, shop.clock() + 5),
    ]
    shop.clock.advance(900)
    assert len(receive(shop)) == 1


def test_a_topic_has_no_delay_without_a_scheduler(shop, later):
    with pytest.raises(
        ConfigurationError,
        match=r"SNS has no delay: a delay on arn\S+ needs EventBridge .* Set pubsub_scheduler\.role_arn",
    ):
        shop.tasks.options(delay=5).publish(OrderPlaced, **CONTENT)


def test_a_fifo_queue_has_no_delay_without_a_scheduler(shop, later):
    routes = Routes(shop.wire, shop.transport.queue, QueueUrls({"jobs": shop.queues["jobs.fifo"].url}))
    shop.bind(Topics(), routes=routes)

    with pytest.raises(
        ConfigurationError,
        match=r"no delay for one message of a FIFO queue: a delay on \S+jobs.fifo needs EventBridge",
    ):
        later.options(delay=5, group_id="g").publish(**CONTENT)


def test_on_a_fifo_queue_a_schedule_names_group_and_id(shop, later):
    scheduler = Remembered()
    routes = Routes(
        shop.wire, shop.transport.queue, QueueUrls({"jobs": shop.queues["jobs.fifo"].url}), scheduler
    )
    shop.bind(Topics(), routes=routes)

    message_id = later.options(delay=5, group_id=by("order_id")).publish(**CONTENT)

    ((_, prepared),) = scheduler.scheduled
    assert (prepared.outgoing.group_id, prepared.outgoing.deduplication_id) == ("o-1", message_id)


def test_a_queue_without_a_url_raises_with_what_to_configure(shop, later):
    shop.bind(Topics(), routes=Routes(shop.wire, shop.transport.queue))

    with pytest.raises(ConfigurationError, match=r"no URL is configured for 'jobs'.*SQS_QUEUE_URLS__PREFIX"):
        later.options(delay=5).publish(**CONTENT)


def test_many_may_be_delayed_together(shop, later):
    routes = Routes(shop.wire, shop.transport.queue, QueueUrls({"jobs": shop.queues["jobs"].url}))
    shop.bind(Topics(), routes=routes)  # no topic need be known
    ids = later.options(delay=60).publish_many([CONTENT] * 12)

    shop.clock.advance(60)
    arrived = receive(shop) + receive(shop)
    assert {delivery.id for delivery in arrived} == set(ids)


def test_queue_urls_are_configured_by_name_or_prefix():
    assert QueueUrls({"a": "url-a"}, "prefix-").url("a") == "url-a"
    assert QueueUrls({}, "prefix-").url("b") == "prefix-b"


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"delay": -1}, "delay=-1"),
        ({"delay": float("inf")}, "delay=inf"),
        ({"at": datetime(2030, 1, 1)}, "with its time zone"),
        ({"at": 5}, "with its time zone"),
        ({"delay": 5, "at": datetime(2030, 1, 1, tzinfo=UTC)}, "give one of them"),
        ({"delay": 60, "expires": 60}, "expires=60 comes before delay=60"),
    ],
)
def test_invalid_times_are_rejected(given, problem):
    with pytest.raises(ConfigurationError, match=problem):
        PublishOptions.of(**given)


# The schedules themselves, against moto, which stores and never fires them


@pytest.fixture
def aws(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    with mock_aws():
        yield boto3.client("scheduler", region_name="us-east-1")


def prepared(body="{}", **more):
    attributes = {"media_type": text(ORDER)}
    return PreparedMessage(ORDER, "m-1", "", Outgoing(body, attributes, **more), 10)


def test_a_schedule_is_one_shot_named_after_the_message_and_keeps_attributes(aws):
    schedules = Schedules(lambda: aws, ROLE, dead_letter_arn="arn:aws:sqs:us-east-1:123456789012:missed")

    schedules.schedule(
        prepared(group_id="g", deduplication_id="d"),
        ScheduledDestination("https://sqs/q.fifo", 1_900_000_000.4),
    )

    made = aws.get_schedule(Name="m-1")
    assert made["ScheduleExpression"] == "at(2030-03-17T17:46:41)"
    assert made["ScheduleExpressionTimezone"] == "UTC"
    assert made["ActionAfterCompletion"] == "DELETE"
    target = made["Target"]
    assert (target["Arn"], target["RoleArn"]) == ("arn:aws:scheduler:::aws-sdk:sqs:sendMessage", ROLE)
    assert target["DeadLetterConfig"]["Arn"].endswith(":missed")
    assert json.loads(target["Input"]) == {
        "QueueUrl": "https://sqs/q.fifo",
        "MessageBody": "{}",
        "MessageAttributes": {"media_type": {"DataType": "String", "StringValue": ORDER}},
        "MessageGroupId": "g",
        "MessageDeduplicationId": "d",
    }


def test_a_topics_schedule_publishes(aws):
    Schedules(lambda: aws, ROLE).schedule(
        prepared(), ScheduledDestination("arn:aws:sns:us-east-1:1:orders", 1_900_000_000)
    )

    target = aws.get_schedule(Name="m-1")["Target"]
    assert target["Arn"] == "arn:aws:scheduler:::aws-sdk:sns:publish"
    assert json.loads(target["Input"])["TopicArn"] == "arn:aws:sns:us-east-1:1:orders"


def test_the_target_is_of_the_partition_of_the_role(aws):
    role = "arn:aws-us-gov:iam::123456789012:role/scheduler"

    Schedules(lambda: aws, role).schedule(
        prepared(), ScheduledDestination("arn:aws-us-gov:sns:us-gov-west-1:1:orders", 1_900_000_000)
    )

    assert aws.get_schedule(Name="m-1")["Target"]["Arn"] == "arn:aws-us-gov:scheduler:::aws-sdk:sns:publish"


def test_a_schedule_that_exists_already_counts_as_sent(aws):
    schedules, due = Schedules(lambda: aws, ROLE), ScheduledDestination("https://sqs/q", 1_900_000_000)

    schedules.schedule(prepared(), due)
    schedules.schedule(prepared(), due)  # as after an answer that was lost

    assert len(aws.list_schedules()["Schedules"]) == 1


def test_a_failed_call_raises_with_its_code(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    # Port 9 of the loopback is nobody's
    settings = ClientSettings(region="us-east-1", endpoint_url="http://127.0.0.1:9", attempts=1)
    client = AwsTransport(settings).client("scheduler")

    with pytest.raises(PublishFailed, match="a message to https://sqs/q at 2030-03-17 17:46:40 U") as caught:
        Schedules(lambda: client, ROLE).schedule(
            prepared(), ScheduledDestination("https://sqs/q", 1_900_000_000)
        )

    assert caught.value.code == "EndpointConnectionError"


def test_a_schedule_takes_256_kib(aws):
    with pytest.raises(MessageTooLarge, match="262,144"):
        Schedules(lambda: aws, ROLE).schedule(
            prepared(noise(262_144)), ScheduledDestination("https://sqs/q", 1_900_000_000)
        )


def test_a_time_is_written_to_the_second_and_never_early():
    assert when(0.0) == "1970-01-01T00:00:00"
    assert when(0.1) == "1970-01-01T00:00:01"

"""The memory environment: queues are created on first use and subscribed to what the tasks handle."""

import pytest

from pubsub_tasks.decorators import task
from pubsub_tasks.environments.memory import TOPICS, MemoryEnvironment, MemoryTopics
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.transports.memory import MemoryTransport
from pubsub_tasks.wire.records import Outgoing, text
from tests.samples import ORDER, TOPIC, OrderPlaced, body


def tasks_of(*queues: str) -> Tasks:
    tasks = Tasks()
    for queue in queues:

        @task(OrderPlaced, tasks=tasks, queue=queue, name=queue)
        def keep(order_id: str, total: object) -> None: ...

    return tasks


def publish(
    environment: MemoryEnvironment, topic: str = TOPIC, media_type: str = ORDER, **options: str
) -> None:
    (answer,) = environment.publisher().publish(
        topic, [Outgoing(body(), {"media_type": text(media_type)}, **options)]
    )
    assert answer.message_id


def count(environment: MemoryEnvironment, *queues: str) -> list[int]:
    return [environment.queue(queue).attributes().visible for queue in queues]


def test_each_queue_gets_what_its_tasks_handle() -> None:
    environment = MemoryEnvironment(tasks_of("billing", "stock"))
    queues = ("billing", "stock", "other")
    assert count(environment, *queues) == [0, 0, 0]

    publish(environment)
    publish(environment, media_type="application/vnd.nobody.wants", topic=TOPICS + "else")

    assert count(environment, *queues) == [1, 1, 0]


def test_a_queue_of_any_name_gets_what_tasks_without_a_queue_handle() -> None:
    environment = MemoryEnvironment(tasks_of("default"))
    assert count(environment, "whatever") == [0]

    publish(environment)

    assert count(environment, "whatever") == [1]


def test_a_queue_that_is_named_gets_its_messages_under_that_name_or_where_it_is_served() -> None:
    environment = MemoryEnvironment(tasks_of("billing"))
    environment.serve("https://sqs.eu-west-1.amazonaws.com/123456789012/invoices", "billing")
    assert count(environment, "whatever") == [0]

    publish(environment)

    assert count(environment, "whatever", "billing", "invoices") == [0, 1, 1]


def test_a_queue_of_a_task_is_there_before_anybody_asks_for_it() -> None:
    environment = MemoryEnvironment(tasks_of("billing", "stock.fifo"))

    publish(
        environment,
        topic=MemoryTopics(environment=environment).arn(ORDER),
        group_id="g",
        deduplication_id="d",
    )

    assert count(environment, "billing", "stock.fifo") == [1, 1]


@pytest.mark.parametrize(
    ("queues", "served", "fifo"),
    [
        (["billing"], "billing", False),
        (["billing.fifo"], "billing.fifo", True),
        (["billing", "stock.fifo"], "billing", True),
        (["billing"], "billing.fifo", True),
        (["default"], "anything.fifo", True),
        (["billing"], "stock.fifo", False),
        ([], "anything.fifo", True),
    ],
)
def test_a_topic_is_fifo_where_a_fifo_queue_gets_it(queues: list[str], served: str, fifo: bool) -> None:
    environment = MemoryEnvironment(tasks_of(*queues))
    environment.queue(served)

    assert MemoryTopics(environment=environment).arn(ORDER).endswith(".fifo") is fifo


def test_a_fifo_queue_that_a_standard_topic_cannot_feed_is_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    environment = MemoryEnvironment(tasks_of("billing.fifo"))

    for _ in range(2):
        publish(environment)

    (warning,) = caplog.messages
    assert "billing.fifo gets no messages" in warning


def test_without_tasks_a_queue_gets_everything() -> None:
    environment = MemoryEnvironment(Tasks())
    assert count(environment, "default") == [0]

    publish(environment)
    publish(environment, media_type="application/vnd.nobody.wants")

    assert count(environment, "default") == [2]


def test_a_fifo_queue_gets_what_is_published_to_fifo_topics() -> None:
    environment = MemoryEnvironment(tasks_of("billing"))
    assert count(environment, "billing.fifo", "billing") == [0, 0]

    publish(environment)
    publish(environment, topic=TOPIC + ".fifo", group_id="g", deduplication_id="d")

    assert count(environment, "billing.fifo", "billing") == [1, 2]


def test_a_queue_is_known_by_its_url_and_has_a_dead_letter_queue() -> None:
    environment = MemoryEnvironment(tasks_of("billing"))
    queue = environment.queue("https://sqs.eu-west-1.amazonaws.com/123456789012/billing")

    assert environment.queue("billing").url == queue.url
    arn = queue.attributes().dead_letter_arn
    assert arn is not None
    assert environment.queue_url(arn).endswith("/billing-dlq")


def test_other_topics_and_queues_may_take_their_place_and_give_it_back() -> None:
    # given a message on a queue
    environment = MemoryEnvironment(tasks_of("billing"))
    before, clock = environment.memory, VirtualClock(start=5_000_000_000.0)
    publish(environment)

    environment.use(MemoryTransport(clock=clock))

    # then the others are empty, and take what is published meanwhile
    assert environment.clock() == clock()
    assert count(environment, "billing") == [0]
    publish(environment)
    publish(environment)
    assert count(environment, "billing") == [2]
    environment.use(before)
    assert count(environment, "billing") == [1]
    publish(environment)
    assert count(environment, "billing") == [2]

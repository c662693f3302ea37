"""A world in memory: made as it is named, and subscribed to what the tasks handle."""

import pytest

from pubsub_tasks.decorators import task
from pubsub_tasks.environments.memory import TOPICS, MemoryEnvironment, MemoryTopics
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.wire.records import Outgoing, text
from tests.samples import ORDER, TOPIC, OrderPlaced, body


def tasks_of(*queues: str) -> Tasks:
    tasks = Tasks()
    for queue in queues:

        @task(OrderPlaced, tasks=tasks, queue=queue, name=queue)
        def keep(order_id: str, total: object) -> None: ...

    return tasks


def publish(world: MemoryEnvironment, topic: str = TOPIC, media_type: str = ORDER, **options: str) -> None:
    (answer,) = world.publisher().publish(
        topic, [Outgoing(body(), {"media_type": text(media_type)}, **options)]
    )
    assert answer.message_id


def count(world: MemoryEnvironment, *queues: str) -> list[int]:
    return [world.queue(queue).attributes().visible for queue in queues]


def test_each_queue_gets_what_its_tasks_handle() -> None:
    world = MemoryEnvironment(tasks_of("billing", "stock"))
    queues = ("billing", "stock", "other")
    assert count(world, *queues) == [0, 0, 0]

    publish(world)
    publish(world, media_type="application/vnd.nobody.wants", topic=TOPICS + "else")

    assert count(world, *queues) == [1, 1, 0]


def test_a_queue_of_any_name_gets_what_tasks_without_a_queue_handle() -> None:
    world = MemoryEnvironment(tasks_of("default"))
    assert count(world, "whatever") == [0]

    publish(world)

    assert count(world, "whatever") == [1]


def test_a_queue_that_is_named_gets_its_messages_under_that_name_or_where_it_is_served() -> None:
    world = MemoryEnvironment(tasks_of("billing"))
    world.serve("https://sqs.eu-west-1.amazonaws.com/123456789012/invoices", "billing")
    assert count(world, "whatever") == [0]

    publish(world)

    assert count(world, "whatever", "billing", "invoices") == [0, 1, 1]


def test_a_queue_of_a_task_is_there_before_anybody_asks_for_it() -> None:
    world = MemoryEnvironment(tasks_of("billing", "stock.fifo"))

    publish(world, topic=MemoryTopics(world=world).arn(ORDER), group_id="g", deduplication_id="d")

    assert count(world, "billing", "stock.fifo") == [1, 1]


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
    world = MemoryEnvironment(tasks_of(*queues))
    world.queue(served)

    assert MemoryTopics(world=world).arn(ORDER).endswith(".fifo") is fifo


def test_a_fifo_queue_that_a_standard_topic_cannot_feed_is_one_warning(
    caplog: pytest.LogCaptureFixture,
) -> None:
    world = MemoryEnvironment(tasks_of("billing.fifo"))

    for _ in range(2):
        publish(world)

    (warning,) = caplog.messages
    assert "billing.fifo gets nothing" in warning


def test_without_tasks_a_queue_gets_everything() -> None:
    world = MemoryEnvironment(Tasks())
    assert count(world, "default") == [0]

    publish(world)
    publish(world, media_type="application/vnd.nobody.wants")

    assert count(world, "default") == [2]


def test_a_fifo_queue_gets_what_is_published_to_fifo_topics() -> None:
    world = MemoryEnvironment(tasks_of("billing"))
    assert count(world, "billing.fifo", "billing") == [0, 0]

    publish(world)
    publish(world, topic=TOPIC + ".fifo", group_id="g", deduplication_id="d")

    assert count(world, "billing.fifo", "billing") == [1, 2]


def test_a_queue_is_known_by_its_url_and_has_a_dead_letter_queue() -> None:
    world = MemoryEnvironment(tasks_of("billing"))
    queue = world.queue("https://sqs.eu-west-1.amazonaws.com/123456789012/billing")

    assert world.queue("billing").url == queue.url
    arn = queue.attributes().dead_letter_arn
    assert arn is not None
    assert world.queue_url(arn).endswith("/billing-dlq")

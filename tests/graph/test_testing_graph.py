"""Testing graphs: each has a memory environment of its own, and leaves the tasks as they were."""

import gc

import pytest
from microcosm.api import create_object_graph, load_from_dict
from microcosm.object_graph import ObjectGraph

import pubsub_tasks.graph.object_graph
from pubsub_tasks import Delivery, PubSubMessageSchema, by
from pubsub_tasks.decorators import task
from pubsub_tasks.errors import ConfigurationError, Unbound
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.verdicts import Ack
from tests.samples import TOPIC, OrderPlaced

assert pubsub_tasks.graph.object_graph  # binds our factories

ORDERED = {"order_id": "o-1", "total": "9.99"}


class Paid(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.payment"


@pytest.fixture
def tasks() -> Tasks:
    return Tasks()


def graph_of(tasks: Tasks, **config: object) -> ObjectGraph:
    graph = create_object_graph("shop", testing=True, loader=load_from_dict(config))
    graph.assign("sqs_message_handler_registry", tasks)
    graph.use("sns_producer")
    return graph


def keep(tasks: Tasks, queue: str, done: list[str]) -> None:
    """A task on this queue that tells of each order which queue it came from."""

    @task(OrderPlaced, tasks=tasks, queue=queue, name=queue)
    def handle(order_id: str) -> None:
        done.append(queue)


# Queues


@pytest.mark.parametrize(
    ("queue", "config"),
    [
        ("orders.fifo", {}),
        ("orders", {"sqs_queue_url": "orders.fifo"}),
        ("default", {"sqs_queue_url": "a.fifo"}),
    ],
    ids=["its task names a FIFO queue", "its URL is one", "any URL is one"],
)
def test_a_fifo_task_gets_what_is_published_with_its_group(
    tasks: Tasks, queue: str, config: dict[str, str]
) -> None:
    # Given a task on a FIFO queue
    groups: list[str | None] = []

    @task(OrderPlaced, tasks=tasks, queue=queue, group=by("order_id"), deduplicate=by("order_id", "total"))
    def ship(order_id: str, delivery: Delivery) -> None:
        groups.append(delivery.group)

    graph = graph_of(tasks, sqs_consumer=config)

    # When it is published twice with one deduplication id
    for _ in range(2):
        ship.publish(**ORDERED)

    # Then it is handled once, in its group
    assert graph.sqs_message_dispatcher.handle_batch() == [Ack()]
    assert groups == ["o-1"]


def test_a_fifo_task_without_a_group_is_refused_as_it_is_on_aws(tasks: Tasks) -> None:
    ship = task(OrderPlaced, tasks=tasks, queue="orders.fifo")(lambda order_id: None)
    graph = graph_of(tasks)

    with pytest.raises(ConfigurationError, match="without a message group"):
        ship.publish(**ORDERED)

    assert graph.sqs_consumer.consume() == []


def test_the_queues_of_all_tasks_are_served(tasks: Tasks) -> None:
    # Given tasks on three queues, one of them FIFO, and no queue in the configuration
    done: list[str] = []
    for queue in ("billing", "stock", "fraud.fifo"):
        keep(tasks, queue, done)
    graph = graph_of(tasks)

    # When an order is published
    tasks.options(group_id="g").publish(OrderPlaced, **ORDERED)

    # Then each has handled it
    assert graph.sqs_message_dispatcher.handle_batch() == [Ack()] * 3
    assert sorted(done) == ["billing", "fraud.fifo", "stock"]


def test_messages_by_hand_come_from_all_queues_and_each_is_settled_on_its_own(tasks: Tasks) -> None:
    for queue in ("billing", "stock"):
        task(OrderPlaced, tasks=tasks, queue=queue, name=queue)(lambda order_id: None)
    graph = graph_of(tasks)
    tasks.publish(OrderPlaced, **ORDERED)

    for message in graph.sqs_consumer.consume():
        message.ack()

    for queue in ("billing", "stock"):
        attributes = graph.pubsub_world.queue(queue).attributes()
        assert (attributes.visible, attributes.in_flight) == (0, 0)


def test_a_queue_that_is_named_is_the_only_one_served(tasks: Tasks) -> None:
    done: list[str] = []
    for queue in ("billing", "stock"):
        keep(tasks, queue, done)
    graph = graph_of(tasks, sqs_consumer={"queue": "stock"})
    tasks.publish(OrderPlaced, **ORDERED)

    assert graph.sqs_message_dispatcher.handle_batch() == [Ack()]
    assert done == ["stock"]


# Isolation


def left(graph: ObjectGraph, queue: str) -> int:
    found: int = graph.pubsub_world.queue(queue).attributes().visible
    return found


def test_each_of_two_graphs_keeps_what_its_handlers_publish(tasks: Tasks) -> None:
    # Given a plain and a coroutine task that publish, and two graphs that serve them
    @task(OrderPlaced, tasks=tasks, queue="plain")
    def bill(order_id: str) -> None:
        tasks.publish(Paid)

    @task(OrderPlaced, tasks=tasks, queue="waiting")
    async def ship(order_id: str) -> None:
        await tasks.apublish(Paid)

    task(Paid, tasks=tasks, queue="paid")(lambda: None)
    first, second = graph_of(tasks), graph_of(tasks)

    # When orders are published to each, and those of the first graph are handled
    for graph in (first, second):
        graph.sns_producer.produce(OrderPlaced.MEDIA_TYPE, ORDERED)
    assert first.sqs_message_dispatcher.handle_batch() == [Ack(), Ack()]

    # Then what they published is in the first graph's environment
    assert (left(first, "paid"), left(second, "paid")) == (2, 0)


def test_outside_of_handlers_the_latest_graph_publishes_unless_a_block_names_another(tasks: Tasks) -> None:
    pay = task(Paid, tasks=tasks)(lambda: None)
    first, second = graph_of(tasks), graph_of(tasks)

    pay.publish()
    with tasks.bound(first.sns_producer):
        pay.publish()
        pay.publish()

    assert (left(first, "default"), left(second, "default")) == (2, 1)


def test_a_graph_that_is_collected_leaves_the_binding_as_it_was(tasks: Tasks) -> None:
    # Given a registry that is bound, or would bind itself
    pay = task(Paid, tasks=tasks)(lambda: None)
    before = graph_of(Tasks()).sns_producer
    tasks.bind(before)

    # When graphs that are testing come and go, having handled something
    for _ in range(2):
        graph = graph_of(tasks)
        pay.publish()
        assert graph.sqs_message_dispatcher.handle_batch() == [Ack()]
        assert tasks.producer is graph.sns_producer
        del graph
        gc.collect()

    # Then it publishes as it did before
    assert tasks.producer is before


def test_an_unbound_registry_is_unbound_again(tasks: Tasks) -> None:
    graph = graph_of(tasks)
    assert tasks.producer is graph.sns_producer
    del graph
    gc.collect()

    with pytest.raises(Unbound):
        _ = tasks.producer


def test_a_later_real_graph_is_not_affected(tasks: Tasks) -> None:
    early = graph_of(tasks)
    real = create_object_graph("shop", loader=load_from_dict({"sns_topic_arns": {"default": TOPIC}}))
    real.assign("sqs_message_handler_registry", tasks)

    producer = real.sns_producer

    assert tasks.producer is producer
    assert early.sns_producer is not producer
    late = graph_of(tasks)
    assert tasks.producer is late.sns_producer
    del late
    gc.collect()
    assert tasks.producer is producer

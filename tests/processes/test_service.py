"""Assembling a service: which tasks serve a queue, and what is warned about before it starts."""

from contextlib import nullcontext
from json import dumps

import pytest
from tenacity import stop_after_attempt

from pubsub_tasks.decorators import task
from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.processes.served_queue import choose_queue
from pubsub_tasks.processes.service import ServiceOptions, create_service
from pubsub_tasks.publishing.routes import QueueUrls
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.transports.memory import MemoryTransport
from tests.samples import OrderPlaced

AT = "https://sqs.eu-west-1.amazonaws.com/123456789012/"
SHOP = QueueUrls(prefix=AT + "shop-")


def tasks_of(*queues: str | None) -> Tasks:
    """Return a registry with a task for each queue; None is a task without `queue=`."""
    tasks = Tasks()
    for queue in queues:
        named = {} if queue is None else {"queue": queue}
        task(OrderPlaced, tasks=tasks, name=queue, **named)(lambda order_id, total: None)
    return tasks


@pytest.mark.parametrize(
    ("queues", "url", "wanted", "urls", "served"),
    [
        ([None], AT + "anything", None, QueueUrls(), "default"),
        ([None], AT + "anything.fifo", None, QueueUrls(), "default"),
        (["logq"], AT + "logq", None, QueueUrls(), "logq"),
        (["logq"], AT + "logq/", None, QueueUrls(), "logq"),
        (["logq"], AT + "logq.fifo", None, QueueUrls(), "logq"),
        (["logq.fifo"], AT + "logq.fifo", None, QueueUrls(), "logq.fifo"),
        (["a", "b"], AT + "b", None, QueueUrls(), "b"),
        (["a", None], AT + "a", None, QueueUrls(), "a"),
        (["logq"], AT + "billing", "logq", QueueUrls(), "logq"),
        (["logq"], AT + "billing", "logq.fifo", QueueUrls(), "logq"),
        (["logq"], AT + "shop-logq", None, SHOP, "logq"),
        (["logq"], AT + "shop-logq.fifo", None, SHOP, "logq"),
        (["logq"], "http://127.0.0.1:4566/000000000000/shop-logq", None, SHOP, "logq"),
        (["logq"], AT + "logs", None, QueueUrls({"logq": AT + "logs"}), "logq"),
        (["logq"], AT + "logq", None, SHOP, "logq"),
        (["logq"], "", None, QueueUrls(), "logq"),
    ],
)
def test_the_logical_queue_of_a_url(
    queues: list[str | None], url: str, wanted: str | None, urls: QueueUrls, served: str
) -> None:
    assert choose_queue(tasks_of(*queues), url, wanted, urls) == served


@pytest.mark.parametrize(
    ("queues", "url", "wanted", "urls"),
    [
        (["logq"], AT + "billing", None, QueueUrls()),
        (["logq"], AT + "billing.fifo", None, QueueUrls()),
        (["logq.fifo"], AT + "logq", None, QueueUrls()),
        (["logq"], AT + "shop-logq", None, QueueUrls()),
        (["logq"], AT + "shop-billing", None, SHOP),
        (["logq"], AT + "logq", "billing", QueueUrls()),
        ([None], AT + "billing", "billing", QueueUrls()),
        (["a", "b"], AT + "billing", None, QueueUrls()),
        (["a", None], AT + "billing", None, QueueUrls()),
        (["a", "b"], "", None, QueueUrls()),
    ],
)
def test_a_queue_without_tasks_is_refused_with_the_flag_to_use(
    queues: list[str | None], url: str, wanted: str | None, urls: QueueUrls
) -> None:
    with pytest.raises(ConfigurationError) as refused:
        choose_queue(tasks_of(*queues), url, wanted, urls)

    for queue in queues:
        assert f"--queue {queue or 'default'}" in str(refused.value)


def test_a_misspelt_queue_is_told_the_one_that_was_meant() -> None:
    with pytest.raises(ConfigurationError, match=r"no task names the queue 'biling': did you mean billing\?"):
        choose_queue(tasks_of("billing", "logq"), AT + "shop", "biling")


def test_messages_of_no_queue_need_a_choice() -> None:
    with pytest.raises(ConfigurationError, match="come from no queue: choose the tasks to handle them"):
        choose_queue(tasks_of("billing", "logq"), "", None)


def test_an_app_without_tasks_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="declares no task"):
        choose_queue(Tasks(), AT + "logq", None)


def test_a_service_is_refused_before_anything_is_received() -> None:
    transport = MemoryTransport()
    url = transport.client("sqs").create_queue(QueueName="billing")["QueueUrl"]

    with pytest.raises(ConfigurationError, match="--queue logq"):
        create_service(transport, tasks_of("logq"), url, ServiceOptions())
    assert (
        create_service(transport, tasks_of("logq"), url, ServiceOptions(queue="logq")).queue.name == "billing"
    )


def test_a_dead_letter_queue_with_a_smaller_size_limit_is_warned_about(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # Given a dead-letter queue with a smaller limit
    transport = MemoryTransport()
    sqs = transport.client("sqs")
    sqs.create_queue(QueueName="dead", Attributes={"MaximumMessageSize": "262144"})
    dead = sqs.get_queue_url(QueueName="dead")["QueueUrl"]
    url = sqs.create_queue(QueueName="orders")["QueueUrl"]

    # When a service is created
    create_service(transport, tasks_of(None), url, ServiceOptions(dead_letter_queue_url=dead))

    # Then one line says so, with both limits
    (line,) = [text for text in caplog.messages if "accepts" in text]
    assert "262,144" in line
    assert "1,048,576" in line

    # And with the same limit nothing is logged
    caplog.clear()
    sqs.set_queue_attributes(QueueUrl=dead, Attributes={"MaximumMessageSize": "1048576"})
    create_service(transport, tasks_of(None), url, ServiceOptions(dead_letter_queue_url=dead))
    assert caplog.messages == []


@pytest.mark.parametrize(("visibility", "warned"), [(2, True), (4, True), (5, False), (30, False)])
def test_a_short_visibility_timeout_is_warned_about(
    visibility: int, warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    transport = MemoryTransport()
    url = transport.client("sqs").create_queue(QueueName="orders")["QueueUrl"]

    create_service(transport, tasks_of(None), url, ServiceOptions(Capacity(visibility=visibility)))

    assert (f"a visibility timeout of {visibility} s is too short" in caplog.text) is warned


def queue_with_letters(transport: MemoryTransport, receives: int, retention: str = "1209600") -> str:
    """URL of a queue whose redrive policy moves messages after so many receives."""
    sqs = transport.client("sqs")
    dead = sqs.create_queue(QueueName="dead", Attributes={"MessageRetentionPeriod": retention})["QueueUrl"]
    policy = {"deadLetterTargetArn": transport.queue(dead).attributes().arn, "maxReceiveCount": receives}
    url: str = sqs.create_queue(QueueName="orders", Attributes={"RedrivePolicy": dumps(policy)})["QueueUrl"]
    return url


@pytest.mark.parametrize(
    ("receives", "retention", "said"),
    [
        (5, "1209600", "queue orders has maxReceiveCount 5, and a retry policy has 5 attempts"),
        (15, "345600", "queue dead keeps letters 345600 s"),
        (15, "1209600", None),
    ],
)
def test_what_is_likely_a_mistake_is_one_line_each_and_strict_refuses_it(
    receives: int, retention: str, said: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    transport, tasks = MemoryTransport(), Tasks()
    task(OrderPlaced, tasks=tasks, stop=stop_after_attempt(5))(lambda order_id, total: None)
    url = queue_with_letters(transport, receives, retention)

    create_service(transport, tasks, url, ServiceOptions())

    assert [text.startswith(said or "nothing") for text in caplog.messages] == [True] * bool(said)
    refused = pytest.raises(ConfigurationError, match="--strict: a warning above") if said else nullcontext()
    with refused:
        create_service(transport, tasks, url, ServiceOptions(strict=True))


def test_strict_refuses_a_queue_without_dead_letters() -> None:
    transport = MemoryTransport()
    url = transport.client("sqs").create_queue(QueueName="orders")["QueueUrl"]

    with pytest.raises(ConfigurationError, match="--strict"):
        create_service(transport, tasks_of(None), url, ServiceOptions(strict=True))

"""What may name a queue is known when it is declared."""

from collections.abc import Callable
from typing import Any

import pytest

from pubsub_tasks import Tasks, handles, task
from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.provisioning.topology import Declared, Naming, QueueSpec, build_topology
from pubsub_tasks.tasks.task import Task
from pubsub_tasks.untrusted.queue_names import is_queue_name
from tests.samples import ORDER, OrderPlaced

ILLEGAL = [
    "",
    "a b",
    "a.b",
    "a/b",
    "bücher",
    ".fifo",
    "a.fifo.fifo",
    "a.FIFO",
    "a\n",
    "x" * 81,
    "x" * 76 + ".fifo",
]
LEGAL = ["a", "A-b_9", "x" * 80, "x" * 75 + ".fifo"]


def handle(content: dict[str, Any]) -> None: ...


DECLARED: list[Callable[[Any], object]] = [
    lambda queue: task(OrderPlaced, queue=queue, tasks=Tasks())(lambda order_id, total: None),
    lambda queue: handles(OrderPlaced, queue=queue, tasks=Tasks())(handle),
    lambda queue: Task(handle, ORDER, tasks=Tasks(), queue=queue),
]


@pytest.mark.parametrize("declare", DECLARED)
@pytest.mark.parametrize("name", [*ILLEGAL, None, 7])
def test_a_name_that_sqs_would_refuse_is_refused_when_declared(
    name: object, declare: Callable[[Any], object]
) -> None:
    with pytest.raises(
        ConfigurationError, match=r"^queue=.* cannot name a queue: give 1 to 80 ASCII letters"
    ):
        declare(name)


@pytest.mark.parametrize("name", LEGAL)
def test_any_other_is_taken(name: str) -> None:
    assert is_queue_name(name)
    for declare in DECLARED:
        declare(name)


def test_the_prefix_and_the_dead_letter_queue_count_when_provisioned() -> None:
    with pytest.raises(ConfigurationError, match="the prefix and the dead-letter queue's -dlq included"):
        build_topology(Declared((QueueSpec("x" * 73, ()),)), Naming(str, queue_prefix="shop-"))

"""What a publish costs, in calls of this package's Python functions: a guard against slowing down.

Each bound is 5 % above what was measured when it was set: see `tests/worker/test_calls_per_message.py`.
"""

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pubsub_tasks
from pubsub_tasks.publishing.producer import Producer
from pubsub_tasks.publishing.topics import Topics
from pubsub_tasks.tasks.publishable import Publishable
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.transports.sns import SnsPublisher
from tests.samples import ORDER, OrderPlaced

PACKAGE = str(Path(pubsub_tasks.__file__).parent)
MESSAGES = 100


class CannedTopic:
    """Answers as SNS does that it has accepted all messages."""

    def __init__(self) -> None:
        self.calls = 0

    def __call__(self, action: str, params: dict[str, Any], failure: type[Exception]) -> dict[str, Any]:
        self.calls += 1
        entries = params["PublishBatchRequestEntries"]
        return {"Successful": [{"Id": entry["Id"], "MessageId": "m"} for entry in entries]}


def outlet(topic: CannedTopic) -> Publishable:
    tasks = Tasks()
    topics = Topics({ORDER: "arn:aws:sns:eu-west-1:123456789012:orders"})
    tasks.bind(Producer(SnsPublisher(topic), topics, tasks.schemas))
    made = tasks.publishable(OrderPlaced)
    made.publish(order_id="o-0", total="1")  # makes what is made once
    topic.calls = 0
    return made


def calls_of(work: Callable[[], object]) -> Counter[str]:
    """Count the calls of this package's functions."""
    calls: Counter[str] = Counter()

    def count(frame: Any, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_filename.startswith(PACKAGE):
            calls[frame.f_code.co_qualname] += 1

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(before)
    return calls


def test_a_message_that_is_published_alone_costs_so_many_calls_of_functions() -> None:
    topic = CannedTopic()
    orders = outlet(topic)

    calls = calls_of(lambda: [orders.publish(order_id="o-1", total="1") for _ in range(MESSAGES)])

    assert topic.calls == MESSAGES
    assert calls.total() / MESSAGES <= 89, calls


def test_a_message_that_is_published_with_nine_others_costs_so_many_calls_of_functions() -> None:
    topic = CannedTopic()
    orders = outlet(topic)

    calls = calls_of(lambda: orders.publish_many({"order_id": "o-1", "total": "1"} for _ in range(MESSAGES)))

    assert topic.calls == MESSAGES / 10
    assert calls.total() / MESSAGES <= 75, calls

"""What a cold start imports, and when more is needed."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from pubsub_tasks import Tasks, handles, task
from pubsub_tasks.aws_lambda.function_setup import FunctionSetup, needs_graph
from pubsub_tasks.dispatching.dispatcher import Dispatcher
from tests.aws_lambda.events import ARN, TOPIC, sns_event, sqs_event
from tests.samples import ORDER, OrderPlaced, body, delivery
from tests.test_architecture import HEAVY, ROOT

FUNCTION = """
import json, sys
from marshmallow import fields
from pubsub_tasks import PubSubMessageSchema, schema, task
from pubsub_tasks.aws_lambda import lambda_handler

@schema
class OrderPlaced(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.order"
    order_id = fields.String(required=True)

@task(OrderPlaced)
def receive(order_id): handled.append(order_id)

handled = []
handler = lambda_handler()
for event in json.load(sys.stdin):
    assert handler(event, None) == {"batchItemFailures": []}
print(json.dumps([handled, list(sys.modules)]))
"""

NEVER = {f"pubsub_tasks.{room}" for room in ("environments", "graph", "in_flight", "local", "worker")}


def loaded_by(source: str, events: list[Any]) -> tuple[list[str], set[str]]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PUBSUB_TASKS")}
    done = subprocess.run(
        [sys.executable, "-c", source],
        input=json.dumps(events),
        env={**environment, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    handled, modules = json.loads(done.stdout)
    return handled, set(modules)


def test_a_cold_start_and_its_first_messages_load_neither_boto3_nor_microcosm_nor_a_worker() -> None:
    events = [sqs_event([delivery().record]), sns_event(body())]

    handled, modules = loaded_by(FUNCTION, events)

    assert handled == ["o-1", "o-1"]
    tops = {name.partition(".")[0] for name in modules} | {".".join(name.split(".")[:2]) for name in modules}
    assert tops & (HEAVY | NEVER) == set()


def order_tasks() -> Tasks:
    tasks = Tasks()
    task(OrderPlaced, tasks=tasks)(lambda order_id, total: None)
    return tasks


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("PUBSUB_TASKS__")]:
        monkeypatch.delenv(name)


def test_settings_for_publishing_need_no_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PUBSUB_TASKS__SNS_TOPIC_ARNS__PREFIX", TOPIC)

    assert not needs_graph(order_tasks())


def test_settings_of_the_consumer_are_those_of_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    url = "https://sqs.eu-west-1.amazonaws.com/123456789012/letters"
    monkeypatch.setenv("PUBSUB_TASKS__SQS_CONSUMER__DEAD_LETTER_QUEUE_URL", url)
    monkeypatch.setenv("PUBSUB_TASKS__SQS_CONSUMER__UNKNOWN", "drop")

    setup = FunctionSetup.of(order_tasks())

    assert (setup.dead_letter_queue_url, setup.unknown) == (url, "drop")
    assert setup.having("orders", None, "release").unknown == "release"


def test_a_handler_class_is_made_by_a_graph() -> None:
    tasks = Tasks()

    @handles(OrderPlaced, tasks=tasks)
    class Receive:
        def __call__(self, content: Any) -> bool:
            return True

    setup = FunctionSetup.of(tasks)

    assert needs_graph(tasks)
    assert setup.tasks.find(ORDER, "default") is not None
    Dispatcher(setup.tasks, "default")


def test_an_object_graph_is_an_app() -> None:
    from microcosm.api import create_object_graph

    import pubsub_tasks.graph  # noqa: F401
    from pubsub_tasks.aws_lambda import lambda_handler

    graph = create_object_graph("shop", testing=True)
    graph.assign("sqs_message_handler_registry", order_tasks())

    handler = lambda_handler(graph)

    assert handler(sqs_event([delivery().record], ARN), None) == {"batchItemFailures": []}

"""What Sentry is told of failures: caught at its transport, which sends nothing."""

import asyncio
import subprocess
import sys

import pytest
import sentry_sdk
from microcosm.api import create_object_graph, load_from_dict
from sentry_sdk.integrations.dedupe import DedupeIntegration
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.transport import Transport

import pubsub_tasks.graph.object_graph
from pubsub_tasks.decorators import task
from pubsub_tasks.errors import MissingExtra
from pubsub_tasks.signals import Discard
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.testing.pubsub import PubSub
from tests.samples import ORDER, OrderPlaced

ORDERED = {"order_id": "o-secret", "total": "9.99"}


class Caught(Transport):
    """Keeps events instead of sending them."""

    def __init__(self, options=None):
        super().__init__(options)
        self.events = []

    def capture_envelope(self, envelope):
        self.events.append(envelope.get_event())


@pytest.fixture
def events():
    """The events that Sentry would be sent, by a client with its default integrations for errors."""
    transport = Caught()
    scope, before = sentry_sdk.get_global_scope(), sentry_sdk.get_client()
    sentry_sdk.init(
        "http://key@127.0.0.1:9/1",
        transport=transport,
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[LoggingIntegration(), DedupeIntegration()],
    )
    yield transport.events
    sentry_sdk.get_client().close()
    scope.set_client(before if before.is_active() else None)


@pytest.fixture
def run(events):
    """Handles one order with this handler, and returns the message id."""

    def handle(handler, *, times=1, **config):
        tasks = Tasks()
        billed = task(OrderPlaced, tasks=tasks, name="shop.bill")(handler)
        settings = {"pubsub_sentry": {"enabled": "true", **config}}
        graph = create_object_graph("shop", testing=True, loader=load_from_dict(settings))
        graph.assign("sqs_message_handler_registry", tasks)
        graph.use("sns_producer")
        with PubSub(graph).opened() as pubsub:
            ids = [billed.publish(**ORDERED) for _ in range(times)]
            pubsub.run(raise_errors=False)
        return ids[0] if times == 1 else ids

    return handle


def always_failing(order_id):
    raise TimeoutError("the bank is slow")


async def always_failing_coroutine(order_id):
    await asyncio.sleep(0)
    raise TimeoutError("the bank is slow")


def crumbs(event):
    return [
        (each["data"]["attempt"], each["message"])
        for each in event.get("breadcrumbs", {}).get("values", [])
        if each["category"] == "pubsub_tasks.retry"
    ]


@pytest.mark.parametrize("handler", [always_failing, always_failing_coroutine])
def test_a_dead_letter_is_one_event_with_tags_and_its_failed_attempts(run, events, handler):
    message_id = run(handler)

    (event,) = events
    attempts = int(event["tags"]["attempt"])
    assert attempts > 1
    assert event["tags"] == {
        "task": "shop.bill",
        "queue": "default",
        "media_type": ORDER,
        "message_id": message_id,
        "attempt": str(attempts),
        "request_id": event["tags"]["request_id"],
        "reason": "exhausted",
    }
    assert (event["transaction"], event["level"]) == ("shop.bill", "error")
    (error,) = event["exception"]["values"]
    assert (error["type"], error["value"]) == ("TimeoutError", "the bank is slow")
    assert error["mechanism"]["type"] == "pubsub_tasks"
    assert crumbs(event) == [(n, "TimeoutError: the bank is slow") for n in range(1, attempts)]


def test_without_retries_there_is_no_word_of_attempts_that_are_retried(run, events):
    run(always_failing, retries="false")

    (event,) = events
    assert crumbs(event) == []


def test_what_succeeds_or_is_dropped_in_the_end_is_not_reported(run, events):
    attempts = []

    def fail_once(order_id):
        attempts.append(order_id)
        if len(attempts) == 1:
            raise TimeoutError
        if len(attempts) == 3:
            raise Discard("not ours")

    run(fail_once, times=2)

    assert len(attempts) == 3
    assert events == []


def test_content_is_scrubbed_unless_it_is_allowed(run, events):
    run(always_failing)
    run(always_failing, content="true")

    scrubbed, whole = events
    assert "o-secret" not in str(scrubbed)
    assert whole["contexts"]["message"]["content"]["order_id"] == "o-secret"
    assert whole["exception"]["values"][0]["stacktrace"]["frames"][-1]["vars"] == {"order_id": "'o-secret'"}


def test_a_message_s_scope_has_what_its_handler_said_and_nothing_of_another(run, events):
    def handle(order_id):
        sentry_sdk.set_tag("customer", "c-1")
        sentry_sdk.add_breadcrumb(category="shop", message="charging")
        sentry_sdk.capture_message("odd order")
        raise pubsub_tasks.signals.Reject("closed account")

    first, second = run(handle, times=2)

    said, dead, _, other = events
    assert (said["message"], said["tags"]["message_id"], dead["tags"]["message_id"]) == (
        "odd order",
        first,
        first,
    )
    assert dead["tags"]["customer"] == "c-1"
    assert dead["tags"]["reason"] == "rejected"
    assert other["tags"]["message_id"] == second
    assert [each["message"] for each in other["breadcrumbs"]["values"]] == ["charging"]
    sentry_sdk.capture_message("outside")
    assert "tags" not in events[-1] or "message_id" not in events[-1]["tags"]


def test_a_message_that_no_handler_was_called_with_is_reported(events):
    tasks = Tasks()
    task(OrderPlaced, tasks=tasks, name="shop.bill")(always_failing)
    loader = load_from_dict({"pubsub_sentry": {"enabled": "true"}})
    graph = create_object_graph("shop", testing=True, loader=loader)
    graph.assign("sqs_message_handler_registry", tasks)
    with PubSub(graph).opened() as pubsub:
        pubsub.deliver({"mediaType": "application/vnd.shop.unknown"})
        pubsub.deliver("not JSON")
        pubsub.run(raise_errors=False)

    assert [each["tags"]["reason"] for each in events] == ["unknown", "undecodable"]
    assert events[0]["tags"]["media_type"] == "application/vnd.shop.unknown"


def test_sentry_s_sdk_is_imported_only_if_it_is_enabled():
    code = """if True:
        import sys
        from pubsub_tasks.graph.object_graph import create_object_graph
        graph = create_object_graph("shop", testing=True)
        graph.use("sns_producer", "pubsub_middleware", "pubsub_observers")
        assert "sentry_sdk" not in sys.modules
    """
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_missing_sdk_is_reported_with_what_to_install(run, monkeypatch):
    monkeypatch.delitem(sys.modules, "pubsub_tasks.telemetry.error_reports", raising=False)
    monkeypatch.setitem(sys.modules, "sentry_sdk", None)

    with pytest.raises(MissingExtra, match=r"pip install 'pubsub-tasks\[sentry\]'"):
        run(always_failing)

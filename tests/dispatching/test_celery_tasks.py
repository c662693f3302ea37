"""Dispatch of messages that Celery published."""

import json
from datetime import UTC, datetime

import pytest
from marshmallow import fields
from tenacity import stop_after_attempt

from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.decorators import handles, task
from pubsub_tasks.dispatching.dispatcher import Dispatcher, HandlerCall
from pubsub_tasks.dispatching.postponement import postponed_copy
from pubsub_tasks.errors import ConfigurationError, DuplicateTask
from pubsub_tasks.messages.delivery import Delivery
from pubsub_tasks.messages.envelope import decode_record
from pubsub_tasks.tasks.registry import Tasks
from pubsub_tasks.testing import app
from pubsub_tasks.verdicts import Ack, DeadLetter, Forward, Postpone, Retry
from pubsub_tasks.wire.records import Record
from tests.celery_app import SEND_RECEIPT, WORKFLOWS, by_celery, record
from tests.samples import NOW, OrderPlaced

QUEUE = "default"


class Shop:
    """A task that names a Celery task, and what it was called with."""

    def __init__(self, schema=OrderPlaced, *, celery=SEND_RECEIPT, forwards=False, **options):
        self.calls = []

        def send_receipt(order_id, total, received: Delivery, note=None):
            self.calls.append((order_id, total, note))

        self.tasks = Tasks()
        task(schema, tasks=self.tasks, celery=celery, **options)(send_receipt)
        self.dispatcher = Dispatcher(self.tasks, QUEUE, forwards_celery=forwards)

    def verdict_on(self, call, now=NOW, **given):
        prepared = self.dispatcher.prepare(decode_record(record(call, **given)), now)
        return self.dispatcher.run(prepared, lambda: now) if isinstance(prepared, HandlerCall) else prepared


@pytest.mark.parametrize(
    "call",
    [
        by_celery("o-1", "9.99", "thanks"),
        by_celery("o-1", "9.99", note="thanks"),
        by_celery(order_id="o-1", total="9.99", note="thanks"),
    ],
)
def test_arguments_go_to_parameters_by_position_and_by_name(call):
    shop = Shop()

    assert shop.verdict_on(call) == Ack()
    assert [(order_id, str(total), note) for order_id, total, note in shop.calls] == [
        ("o-1", "9.99", "thanks")
    ]


def test_the_schema_checks_the_arguments():
    verdict = Shop().verdict_on(by_celery("o-1", "not a number"))

    assert isinstance(verdict, DeadLetter)
    assert verdict.reason == "invalid"
    assert "total" in str(verdict.error)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (by_celery("o-1", "9.99", "thanks", "surplus"), "4 positional arguments for 3 parameters"),
        (by_celery("o-1", "9.99", order_id="o-2"), "Given by position and by name"),
    ],
)
def test_arguments_that_do_not_fit_are_invalid(call, message):
    verdict = Shop().verdict_on(call)

    assert verdict.reason == "invalid"
    assert message in str(verdict.error)


@pytest.mark.parametrize("members", [{}, {"args": 1, "kwargs": {}}, {"args": [], "kwargs": None}])
def test_a_message_that_only_names_a_celery_task_is_invalid(members):
    body = json.dumps({"mediaType": f"application/vnd.celery.{SEND_RECEIPT}", **members})

    verdict = Shop().dispatcher.prepare(decode_record(Record(body, "receipt", "sqs-1")), NOW)

    assert verdict.reason == "invalid"


def test_arguments_are_named_as_parameters_and_not_as_keys_of_the_body():
    class Keyed(PubSubMessageSchema):
        MEDIA_TYPE = "application/vnd.keyed"
        order_id = fields.String(required=True, data_key="orderId")
        total = fields.String(required=True, attribute="total")
        note = fields.String()

    shop = Shop(Keyed)

    assert shop.verdict_on(by_celery("o-1", total="9.99")) == Ack()
    assert shop.calls == [("o-1", "9.99", None)]


def test_several_celery_tasks_may_be_one_task_here():
    shop = Shop(celery=["shop.tasks.other", SEND_RECEIPT])

    assert shop.verdict_on(by_celery("o-1", "9.99")) == Ack()


def test_the_time_limit_of_the_message_is_used_if_the_task_has_none():
    def limit_of(**options):
        delivery = decode_record(record(lambda task: task.apply_async(("o-1", "1"), time_limit=30)))
        return Shop(**options).dispatcher.prepare(delivery, NOW).timeout

    assert limit_of() == 30
    assert limit_of(timeout=5) == 5


def test_an_expired_message_is_a_dead_letter():
    expires = datetime.fromtimestamp(NOW - 1, UTC)

    verdict = Shop().verdict_on(lambda task: task.apply_async(("o-1", "1"), expires=expires))

    assert verdict.reason == "expired"


def test_a_message_with_an_eta_waits_until_then():
    eta = datetime.fromtimestamp(NOW + 600, UTC)

    assert Shop().verdict_on(lambda task: task.apply_async(("o-1", "1"), eta=eta)) == Postpone(600)


@pytest.mark.parametrize("receives", [2, 3], ids=["as usual", "after a copy that could not be sent"])
@pytest.mark.parametrize("received_at", [0.0, NOW - 1])
def test_retries_of_celery_count_for_the_copy_of_a_message_that_waits_longer_than_sqs_hides_it(
    received_at, receives
):
    eta = datetime.fromtimestamp(NOW + 72_000, UTC)
    waiting = record(
        lambda task: task.apply_async(("o-1", "1"), eta=eta, retries=2),
        receives=receives,
        sent_at=received_at,
    )

    copy = postponed_copy(decode_record(waiting), NOW)
    received = decode_record(Record(copy.body, "receipt", "sqs-2", 1, NOW, NOW, copy.attributes))

    assert received.attempt == 3


def test_a_task_that_celery_retried_to_the_end_is_tried_once_more():
    shop = Shop(stop=stop_after_attempt(3))

    assert shop.verdict_on(lambda task: task.apply_async(("o-1", "1"), retries=3)) == Ack()


def test_a_task_that_celery_retried_and_workers_crashed_on_is_unreported():
    verdict = Shop(stop=stop_after_attempt(3)).verdict_on(
        lambda task: task.apply_async(("o-1", "1"), retries=3), receives=2
    )

    assert verdict == DeadLetter("unreported")


@pytest.mark.parametrize("part", sorted(WORKFLOWS))
def test_a_part_of_a_workflow_is_a_dead_letter_that_says_so(part):
    verdict = Shop().verdict_on(WORKFLOWS[part])

    assert verdict.reason == "workflow"
    assert part in str(verdict.error)


@pytest.mark.parametrize("call", [by_celery("o-1"), WORKFLOWS["chain"]], ids=["task", "workflow"])
def test_other_celery_tasks_stay_for_a_celery_worker(call):
    shop = Shop(celery="shop.tasks.other")

    assert isinstance(shop.verdict_on(call), Retry)
    assert not isinstance(shop.verdict_on(call), Forward)


def test_other_celery_tasks_go_to_the_queue_for_them():
    assert isinstance(Shop(celery="shop.tasks.other", forwards=True).verdict_on(by_celery()), Forward)


def test_what_is_published_for_celery_is_for_the_other_queues_of_its_schema_too():
    calls, tasks = [], Tasks()

    @task(OrderPlaced, tasks=tasks, celery=SEND_RECEIPT)
    def send_receipt(order_id, total):
        calls.append(("receipt", order_id))

    @task(OrderPlaced, tasks=tasks, queue="billing")
    def bill(total, order_id):
        calls.append(("bill", order_id))

    @handles(OrderPlaced, tasks=tasks, queue="counting")
    def count(content):
        calls.append(("count", content["order_id"]))

    with app(tasks) as pubsub:
        send_receipt.options(celery=True).publish(order_id="o-1", total="1")
        pubsub.run()

    assert calls == [("bill", "o-1"), ("count", "o-1"), ("receipt", "o-1")]
    assert pubsub.dead_letters == []


def test_a_celery_task_on_a_queue_without_any_is_unknown():
    verdict = Shop(celery=()).verdict_on(by_celery())

    assert verdict.reason == "unknown"
    assert SEND_RECEIPT in str(verdict.error)


def test_two_tasks_of_a_queue_cannot_name_one_celery_task():
    class Other(PubSubMessageSchema):
        MEDIA_TYPE = "application/vnd.other"

    shop = Shop()

    with pytest.raises(DuplicateTask, match=SEND_RECEIPT):
        task(Other, tasks=shop.tasks, celery=SEND_RECEIPT)(lambda: None)


@pytest.mark.parametrize("name", ["", ["ok", ""], [7]])
def test_a_celery_name_is_text(name):
    with pytest.raises(ConfigurationError, match="celery="):
        Shop(celery=name)

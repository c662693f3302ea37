"""Declaring: what is registered, and what is refused before a message could come."""

import pytest
from marshmallow import Schema
from tenacity import retry_if_exception_type, stop_after_attempt, wait_fixed

from pubsub_tasks.decorators import handles, task
from pubsub_tasks.errors import ConfigurationError
from pubsub_tasks.messages.publish_options import by
from pubsub_tasks.tasks.registry import Tasks
from tests.samples import ORDER, OrderPlaced, RememberingProducer, delivery


@pytest.fixture
def tasks():
    return Tasks()


def test_a_task_says_what_it_was_declared_with(tasks):
    stop, wait, retry = stop_after_attempt(2), wait_fixed(1), retry_if_exception_type(OSError)

    @task(
        OrderPlaced, queue="billing", stop=stop, wait=wait, retry=retry, timeout=30, name="bill", tasks=tasks
    )
    async def charge(order_id): ...

    assert list(tasks) == [charge]
    assert (charge.name, charge.queue, charge.media_type, charge.timeout) == ("bill", "billing", ORDER, 30)
    assert charge.is_async
    assert charge.policy.attempts == 2


@pytest.mark.parametrize("timeout", [0, -1, "30", float("nan")])
def test_a_timeout_is_a_positive_number(tasks, timeout):
    with pytest.raises(ConfigurationError, match=f"timeout={timeout!r}: give a positive number of seconds"):
        task(OrderPlaced, timeout=timeout, tasks=tasks)


@pytest.mark.parametrize("schema", [ORDER, dict, OrderPlaced()])
def test_a_task_wants_a_schema_class(schema):
    with pytest.raises(ConfigurationError, match="no schema class"):
        task(schema)


def test_a_decorator_that_stands_alone_is_told_what_to_take():
    def send_receipt(order_id): ...

    for bare, word in ((task, "task"), (handles, "handles")):
        with pytest.raises(ConfigurationError, match=rf"send_receipt: write @{word}\(OrderPlaced\)"):
            bare(send_receipt)


def test_a_schema_without_a_media_type_is_named(tasks):
    class Nameless(Schema): ...

    with pytest.raises(ConfigurationError, match="Nameless"):
        task(Nameless, tasks=tasks)(lambda: None)


@pytest.mark.parametrize("function", [dict, 7])
def test_a_task_is_a_function(tasks, function):
    with pytest.raises(ConfigurationError, match="@task wants a function"):
        task(OrderPlaced, tasks=tasks)(function)


def test_a_parameter_that_is_no_field_is_refused_when_declared(tasks):
    with pytest.raises(ConfigurationError, match=r"'colour'.*fields: currency, note, order_id, total"):

        @task(OrderPlaced, tasks=tasks)
        def paint(colour): ...

    assert list(tasks) == []


def test_a_handler_stays_what_it_is_and_gets_the_content_as_one_dict(tasks):
    @handles(OrderPlaced, tasks=tasks)
    class Ship:
        def __call__(self, content):
            return content["order_id"]

    (declared,) = tasks
    assert isinstance(Ship, type)
    assert declared.factory is Ship
    assert declared.skips_falsy
    assert declared.invoke({"order_id": "o-1"}, delivery()) == "o-1"


def test_a_handler_may_name_a_media_type_alone(tasks):
    @handles(ORDER, queue="audit", tasks=tasks)
    def write(content): ...

    (declared,) = tasks
    assert (declared.media_type, declared.queue, declared.codec) == (ORDER, "audit", None)


def test_a_group_and_an_id_by_fields_are_checked_when_declared(tasks):
    producer = RememberingProducer()
    tasks.bind(producer)

    @task(OrderPlaced, group=by("order_id"), deduplicate=by("order_id", "total"), tasks=tasks)
    def ship(order_id): ...

    ship.publish(order_id="o-1", total=1)
    ship.options(group_id="g").publish(order_id="o-1", total=1)

    assert [(options.group_id, options.deduplication_id) for *_, options in producer.published] == [
        (by("order_id"), by("order_id", "total")),
        ("g", by("order_id", "total")),
    ]
    with pytest.raises(ConfigurationError, match=r"by\('colour'\) names no field of OrderPlaced .*order_id"):
        task(OrderPlaced, group=by("colour"), tasks=tasks)(lambda order_id: None)

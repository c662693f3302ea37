"""Tasks and their registry: what a declared function can do, and who publishes for it."""

import asyncio
import threading
from decimal import Decimal

import pytest
from marshmallow import fields

from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.decorators import handles, task
from pubsub_tasks.errors import ConfigurationError, DuplicateTask, Unbound, UnknownMediaType
from pubsub_tasks.messages.publish_options import PublishOptions
from pubsub_tasks.tasks.registry import Tasks
from tests.samples import ORDER, OrderPlaced, RememberingProducer, delivery

CONTENT = {"order_id": "o-1", "total": Decimal(1)}


@pytest.fixture
def tasks():
    return Tasks()


@pytest.fixture
def producer(tasks):
    producer = RememberingProducer()
    tasks.bind(producer)
    return producer


def declared(tasks, **terms):
    @task(OrderPlaced, tasks=tasks, **terms)
    def send_receipt(order_id, total):
        """Thank the customer."""
        return f"{order_id}: {total}"

    return send_receipt


def test_a_task_is_still_the_function(tasks):
    send_receipt = declared(tasks)

    assert send_receipt("o-1", total=2) == "o-1: 2"
    assert send_receipt.__doc__ == "Thank the customer."
    assert send_receipt.name.endswith("declared.<locals>.send_receipt")
    assert repr(send_receipt) == f"<Task {send_receipt.name} of {ORDER} on default>"


def test_a_task_publishes_to_its_media_type(tasks, producer):
    assert declared(tasks).publish(**CONTENT) == "message-1"

    assert producer.published == [(ORDER, CONTENT, PublishOptions(queue="default"))]


def test_a_producer_that_is_bound_weakly_publishes_while_it_lives(tasks, producer):
    first, second = RememberingProducer(), RememberingProducer()
    tasks.bind(first, weak=True)
    tasks.bind(second, weak=True)
    assert tasks.producer is second

    del second
    assert tasks.producer is first
    del first
    assert tasks.producer is producer


def test_a_producer_that_is_bound_for_good_comes_before_those_bound_weakly_until_then(tasks, producer):
    other = RememberingProducer()
    tasks.bind(other, weak=True)

    tasks.bind(producer)

    assert tasks.producer is producer


def test_options_are_for_what_is_published_through_them_alone(tasks, producer):
    send_receipt = declared(tasks)

    send_receipt.options(group_id="g", expires=60).publish(**CONTENT)
    send_receipt.publish(**CONTENT)

    given, none = (options for *_, options in producer.published)
    assert (given, none) == (
        PublishOptions(group_id="g", expires=60, queue="default"),
        PublishOptions(queue="default"),
    )


def test_an_option_that_there_is_not_is_refused_with_those_that_there_are(tasks):
    with pytest.raises(ConfigurationError, match=r"no such option: countdown; there are .*expires"):
        declared(tasks).options(countdown=60)


def test_a_schema_or_a_media_type_is_enough_to_publish(tasks, producer):
    tasks.schemas.register(OrderPlaced)

    tasks.publish(OrderPlaced, **CONTENT)
    tasks.publish(ORDER, **CONTENT)
    tasks.options(group_id="g").publish(OrderPlaced, **CONTENT)

    assert [options.group_id for *_, options in producer.published] == [None, None, "g"]
    assert {media_type for media_type, *_ in producer.published} == {ORDER}
    with pytest.raises(UnknownMediaType):
        tasks.publish("application/vnd.shop.mystery", **CONTENT)


def test_what_is_published_by_position_is_told_to_go_by_name(tasks):
    send_receipt, write = declared(tasks), r"write send_receipt\.publish\(order_id=\.\.\."

    with pytest.raises(TypeError, match=write + r"\)"):
        send_receipt.publish("o-1")
    with pytest.raises(TypeError, match=write + r", total=\.\.\.\)"):
        send_receipt.publish("o-1", 2)
    with pytest.raises(TypeError, match=r"write apublish\(order_id="):
        asyncio.run(send_receipt.options(group_id="g").apublish("o-1"))
    with pytest.raises(TypeError, match=r"write publish\(order_id=\.\.\.\)"):
        tasks.publish(OrderPlaced, "o-1")


@pytest.mark.parametrize("way", ["publish", "batch"])
def test_a_task_is_told_to_publish_by_itself(tasks, way):
    with pytest.raises(TypeError, match=r"write send_receipt\.publish\(order_id=\.\.\.\)"):
        getattr(tasks, way)(declared(tasks))


@pytest.mark.parametrize("word", ["delay", "apply_async"])
def test_who_comes_from_celery_is_told_how_to_publish(tasks, word):
    with pytest.raises(AttributeError, match=rf"no {word}: write send_receipt\.publish\(\.\.\.\)"):
        getattr(declared(tasks), word)
    assert not hasattr(declared(tasks), "retry_later")


def test_a_field_may_have_any_name(tasks, producer):
    class Named(PubSubMessageSchema):
        MEDIA_TYPE = "named"
        schema = fields.String()
        options = fields.String()

    tasks.publish(Named, schema="s", options="o")

    assert producer.published[0][1] == {"schema": "s", "options": "o"}


def test_what_handles_many_media_types_cannot_say_which_to_publish(tasks, producer):
    handles("application/vnd.shop.pubsub._.created.*", tasks=tasks)(lambda content: True)

    (handler,) = tasks
    with pytest.raises(ConfigurationError, match="publish by a media type of it"):
        handler.publish(uri="https://example.com")


def test_without_anybody_to_publish_the_error_says_how_to_bind(tasks):
    with pytest.raises(Unbound, match=r"tasks\.bind"):
        declared(tasks).publish(**CONTENT)


def test_a_default_is_asked_once_whoever_comes_first():
    made = []

    def default(tasks):
        made.append(tasks)
        return RememberingProducer()

    tasks = Tasks(default)
    threads = [threading.Thread(target=lambda: tasks.publish(OrderPlaced, **CONTENT)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert made == [tasks]
    assert len(tasks.producer.published) == 8


def test_a_block_may_publish_elsewhere_in_this_thread_alone(tasks, producer):
    other, elsewhere = RememberingProducer(), []

    with tasks.bound(other):
        tasks.publish(OrderPlaced, **CONTENT)
        thread = threading.Thread(target=lambda: elsewhere.append(tasks.producer))
        thread.start()
        thread.join()
    tasks.publish(OrderPlaced, **CONTENT)

    assert len(other.published) == len(producer.published) == 1
    assert elsewhere == [producer]


def test_two_tasks_for_one_media_type_on_one_queue_are_refused_by_name(tasks):
    declared(tasks)
    declared(tasks, queue="billing")

    with pytest.raises(DuplicateTask, match=r"(?s)send_receipt.*second.*give one of them another queue="):

        @task(OrderPlaced, tasks=tasks)
        def second(order_id): ...


def test_a_queue_has_its_own_tasks_and_a_wildcard_stands_behind_them(tasks):
    own = declared(tasks, queue="billing")
    handles("application/vnd.shop.pubsub._.created.*", queue="billing", tasks=tasks)(lambda content: True)

    assert tasks.queues == {"billing"}
    assert tasks.find(ORDER, "billing") is own
    assert tasks.find(f"{ORDER}s", "billing").media_type.endswith(".*")
    assert tasks.find(ORDER, "default") is None


def test_a_task_is_called_with_what_it_takes(tasks):
    @task(OrderPlaced, tasks=tasks)
    def handler(order_id, **rest):
        return order_id, rest

    content = {"order_id": "o-1", "total": 1, "currency": "EUR"}

    assert handler.invoke(content, delivery()) == ("o-1", {"total": 1, "currency": "EUR"})


def test_middleware_that_cannot_wrap_a_task_is_refused_whichever_comes_first(tasks):
    async def coroutine(call_next, context): ...

    declared(tasks)
    with pytest.raises(ConfigurationError, match="give both"):
        tasks.use(coroutine)

    other = Tasks()
    other.use(coroutine)
    with pytest.raises(ConfigurationError, match="give both"):
        declared(other)


def test_an_override_comes_before_what_was_bound_but_not_before_a_block(tasks, producer):
    kit, block = RememberingProducer(), RememberingProducer()
    tasks.override = lambda: kit
    assert tasks.producer is kit
    with tasks.bound(block):
        assert tasks.producer is block

    tasks.override = lambda: None

    assert tasks.producer is producer


def test_a_producer_that_is_unbound_gives_way_to_the_one_before(tasks, producer):
    weak, other = RememberingProducer(), RememberingProducer()
    tasks.bind(weak, weak=True)
    tasks.unbind(other)
    assert tasks.producer is weak

    tasks.unbind(weak)
    assert tasks.producer is producer

    tasks.unbind(producer)
    with pytest.raises(Unbound):
        _ = tasks.producer


def test_a_registry_that_is_reset_asks_for_a_producer_again(tasks, producer):
    weak, fresh = RememberingProducer(), RememberingProducer()
    tasks.bind(weak, weak=True)

    tasks.reset(lambda registry: fresh)

    assert tasks.producer is fresh

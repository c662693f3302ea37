"""Schemas whose `post_load` makes objects: to tasks, to handlers, and from publishers."""

from collections import namedtuple
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NamedTuple

import pytest
from marshmallow import fields, post_load

from pubsub_tasks.content.codec import Codec
from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.decorators import handles, task
from pubsub_tasks.dispatching.dispatcher import Dispatcher, HandlerCall
from pubsub_tasks.errors import ConfigurationError, InvalidContent
from pubsub_tasks.messages.delivery import Delivery
from pubsub_tasks.tasks.registry import Tasks
from tests.samples import NOW, delivery


@dataclass
class DataOrder:
    order_id: str
    total: int
    notes: list[str] = field(default_factory=list)

    @property
    def doubled(self) -> int:
        return 2 * self.total


class TupleOrder(NamedTuple):
    order_id: str
    total: int
    notes: list[str] = []  # noqa: RUF012


class SlottedOrder:
    __slots__ = ("notes", "order_id", "total")

    def __init__(self, order_id: str, total: int, notes: list[str] | None = None) -> None:
        self.order_id, self.total, self.notes = order_id, total, notes or []


ORDERS = [DataOrder, TupleOrder, SlottedOrder, namedtuple("Named", "order_id total notes", defaults=([],))]


def schema_of(made: Any, *, annotated: bool) -> type[PubSubMessageSchema]:
    class OrderSchema(PubSubMessageSchema):
        MEDIA_TYPE = "order"
        ATTRIBUTES = ("total",)
        order_id = fields.String(required=True)
        total = fields.Integer(required=True)
        notes = fields.List(fields.String())

        @post_load
        def make(self, data: dict[str, Any], **_: Any) -> Any:
            return made(**data)

    make: Any = OrderSchema.make
    make.__annotations__["return"] = made if annotated else Any
    return OrderSchema


def run(tasks: Tasks, received: Delivery) -> Any:
    dispatcher = Dispatcher(tasks, "default")
    call = dispatcher.prepare(received, NOW)
    assert isinstance(call, HandlerCall), call
    return dispatcher.run(call, partial(float, NOW))


RECEIVED = delivery(media_type="order", order_id="a", total=3)


@pytest.mark.parametrize("annotated", [True, False])
@pytest.mark.parametrize("made", ORDERS)
def test_a_task_takes_the_whole_object_by_its_class_and_attributes_by_their_names(
    made: Any, annotated: bool
) -> None:
    tasks, seen = Tasks(), []

    def whole(order, total):
        seen.append((order, total))

    whole.__annotations__["order"] = made
    task(schema_of(made, annotated=annotated), tasks=tasks)(whole)
    run(tasks, RECEIVED)

    ((order, total),) = seen
    assert type(order) is made
    assert (order.order_id, order.total, total) == ("a", 3, 3)


def test_attributes_and_the_delivery_go_to_a_task_together_and_the_rest_to_keywords() -> None:
    tasks, seen = Tasks(), []

    @task(schema_of(DataOrder, annotated=True), tasks=tasks)
    def handler(order_id: str, doubled: int, order: DataOrder | None, d: Delivery, **rest: Any) -> None:
        seen.append((order_id, doubled, order, d, rest))

    run(tasks, RECEIVED)

    assert seen == [("a", 6, DataOrder("a", 3), RECEIVED, {"total": 3, "notes": []})]


def test_a_parameter_named_as_a_field_and_annotated_with_the_class_takes_the_object() -> None:
    tasks, seen = Tasks(), []

    @task(schema_of(DataOrder, annotated=False), tasks=tasks)
    def handler(total: DataOrder, order_id: str) -> None:
        seen.append((total, order_id))

    run(tasks, RECEIVED)

    assert seen == [(DataOrder("a", 3), "a")]


def test_a_handler_gets_the_object() -> None:
    tasks, seen = Tasks(), []
    handles(schema_of(DataOrder, annotated=True), tasks=tasks)(seen.append)

    run(tasks, RECEIVED)

    assert seen == [DataOrder("a", 3)]


def test_a_parameter_that_no_object_can_fill_is_refused_when_declared() -> None:
    def handler(colour: str): ...

    with pytest.raises(ConfigurationError, match="takes 'colour'"):
        task(schema_of(DataOrder, annotated=True), tasks=Tasks())(handler)


@pytest.mark.parametrize("made", ORDERS)
def test_an_object_is_written_as_its_attributes(made: Any) -> None:
    codec = Codec(schema_of(made, annotated=False))
    order = made("a", 3, ["n"])

    written = codec.write(order, {})

    assert codec.dump(order) == {"order_id": "a", "total": 3, "notes": ["n"]}
    assert written.content == {"order_id": "a", "total": 3, "notes": ["n"]}
    assert written.attributes["total"].value == "3"


def test_an_object_of_another_class_is_refused() -> None:
    class Optional(PubSubMessageSchema):
        MEDIA_TYPE = "optional"
        total = fields.Integer()

        @post_load
        def make(self, data: dict[str, Any], **_: Any) -> DataOrder:
            return DataOrder("a", 1)

    with pytest.raises(InvalidContent, match="Expected DataOrder, not object"):
        Codec(Optional).dump(object())


def test_a_hook_that_forgets_to_return_is_named() -> None:
    class Forgets(PubSubMessageSchema):
        MEDIA_TYPE = "forgets"

        @post_load
        def make(self, data: dict[str, Any], **_: Any) -> None:
            data["a"] = 1

    with pytest.raises(ConfigurationError, match="post_load of Forgets returned None"):
        Codec(Forgets).load({})

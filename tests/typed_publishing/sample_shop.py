"""A sample application, which type checkers read: what they must find is on the lines marked `# wrong`.

Nothing here is run.
"""

from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from marshmallow import Schema, fields

from pubsub_tasks import (
    Delivery,
    PubSubMessageSchema,
    Tasks,
    TypedMessageSchema,
    apublish,
    by,
    default_tasks,
    optional,
    publish,
    required,
    schema,
    task,
)
from pubsub_tasks.celery import shared_task

# A typed schema: names, what must be there, and types are known.


@schema
class OrderPlaced(TypedMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.order"
    ATTRIBUTES = ("total",)
    order_id: UUID | str = required(fields.UUID())
    total: Decimal | str = required(fields.Decimal(as_string=True))
    note: str | None = optional(fields.String(load_default=None, allow_none=True))


class GiftPlaced(OrderPlaced):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.gift"
    recipient: str = required(fields.String())


@task(OrderPlaced, queue="billing", group=by("order_id"))
def send_receipt(order_id: UUID, total: Decimal, delivery: Delivery) -> int:
    return delivery.attempt


@task(OrderPlaced)
async def count(**content: Any) -> None:
    """Takes fewer fields by name than its schema has."""


send_receipt.publish(order_id="6f3c3f0e-8d0a-4a52-9e1e-0f4a5d6d1c11", total="9.99")
send_receipt.publish(order_id=uuid4(), total=Decimal(1), note=None)
send_receipt.options(delay=60).publish(order_id=uuid4(), total="1")
count.publish(order_id=uuid4(), total="1", note="as quick as you can")
publish(OrderPlaced, order_id=uuid4(), total="1")
publish(GiftPlaced, order_id=uuid4(), total="1", recipient="Ada")
default_tasks.options(headers={"tenant": "t-1"}).publish(OrderPlaced, order_id=uuid4(), total="1")
Tasks().publish(OrderPlaced, order_id=uuid4(), total="1")
order_placed = default_tasks.publishable(OrderPlaced)
order_placed.publish(order_id=uuid4(), total="1")
send_receipt.publish_many({"order_id": uuid4(), "total": "1"} for _ in range(3))
with send_receipt.batch() as batch:
    batch.publish(order_id=uuid4(), total="1")
attempts: int = send_receipt(uuid4(), Decimal(1), Delivery.for_test())
media_type: str = send_receipt.media_type
nested = fields.Nested(OrderPlaced)


async def in_a_coroutine() -> None:
    await send_receipt.apublish(order_id=uuid4(), total="1")
    await apublish(OrderPlaced, order_id=uuid4(), total="1")
    await count.apublish(order_id=uuid4())  # wrong
    await apublish(OrderPlaced, order_id=uuid4())  # wrong


send_receipt.publish()  # wrong
send_receipt.publish(ordr_id=uuid4(), total="1")  # wrong
send_receipt.publish(order_id=uuid4())  # wrong
send_receipt.publish(order_id=7, total="1")  # wrong
send_receipt.publish(order_id=uuid4(), total="1", nothing=0)  # wrong
send_receipt.publish(uuid4(), "1")  # wrong
send_receipt.options(delay=60).publish(order_id=uuid4())  # wrong
send_receipt.options(dealy=60)  # wrong
count.publish(total="1")  # wrong
batch.publish(order_id=uuid4(), totl="1")  # wrong
publish(OrderPlaced, order_id=uuid4())  # wrong
publish(OrderPlaced, order_id=uuid4(), total=1.5)  # wrong
publish(GiftPlaced, order_id=uuid4(), total="1")  # wrong
default_tasks.options(expires=60).publish(OrderPlaced, ordr_id=uuid4(), total="1")  # wrong
order_placed.publish(order_id=uuid4(), totl="1")  # wrong
order_placed.options(delay=60).publish(total="1")  # wrong
send_receipt(uuid4())  # wrong
wrong: str = send_receipt(uuid4(), Decimal(1), Delivery.for_test())  # wrong

# Without annotations nothing is known of the content, and nothing is wrong.


@schema
class ReceiptSent(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.receipt"
    order_id = fields.UUID(required=True)
    total = fields.Decimal(required=True, as_string=True)


@task(ReceiptSent)
def file_receipt(order_id: UUID, total: Decimal, delivery: Delivery) -> None: ...


file_receipt.publish(order_id="6f3c3f0e-8d0a-4a52-9e1e-0f4a5d6d1c11", total="9.99")
file_receipt.options(delay=60).publish(order_id=7)
publish(ReceiptSent, order_id=7, total="9.99")
publish("application/vnd.shop.pubsub._.deleted.order", id="7")
default_tasks.publishable("application/vnd.shop.pubsub._.deleted.order").publish(id="7")
file_receipt(uuid4())  # wrong


class PlainSchema(Schema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.plain"
    number = fields.Integer()


@task(PlainSchema)
def plain(number: int = 0) -> None: ...


plain.publish(number=7)
plain("7")  # wrong


# A shared task is called as its function is. What is sent is checked when it is sent, as text is for a UUID.


@shared_task
def pack(parcel: UUID) -> bool:
    return bool(parcel)


@shared_task(bind=True, max_retries=3)
def weigh(self: Any, parcel: UUID) -> float:
    return float(self.request.retries)


pack.delay("6f3c3f0e-8d0a-4a52-9e1e-0f4a5d6d1c11")
weigh.apply_async(("6f3c3f0e-8d0a-4a52-9e1e-0f4a5d6d1c11",), countdown=60)
packed: bool = pack(uuid4())
weight: float = weigh(uuid4())
pack("text")  # wrong
weigh(0, uuid4())  # wrong

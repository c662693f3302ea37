"""A small shop: one topic of orders, and three subscribers that each get every order on a queue of their own.

    pubsub-worker --local --app examples.orders

starts the three workers with an SNS and SQS of their own; nothing else is needed. The orders in
`orders.jsonl` are as other people's systems send them: some are broken, and some are of a type that nobody
here knows.
"""

import asyncio
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

from marshmallow import Schema, fields
from marshmallow.validate import Length, OneOf, Range
from tenacity import retry_if_exception_type, stop_after_attempt, wait_exponential

from pubsub_tasks import Delivery, PubSubMessageSchema, Reject, schema, task

FEED = Path(__file__).with_name("orders.jsonl")
LARGEST_TOTAL = Decimal(5000)


class Item(Schema):
    sku = fields.String(required=True)
    name = fields.String(required=True)
    quantity = fields.Integer(required=True, validate=Range(min=1))
    unit_price = fields.Decimal(required=True, as_string=True)


class Address(Schema):
    name = fields.String(required=True)
    street = fields.String(required=True)
    postcode = fields.String(required=True)
    city = fields.String(required=True)
    country = fields.String(required=True, validate=Length(equal=2))


@schema
class OrderPlaced(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.order"

    order_id = fields.UUID(required=True)
    customer_id = fields.String(required=True)
    email = fields.Email(required=True)
    placed_at = fields.DateTime(required=True)
    currency = fields.String(required=True, validate=Length(equal=3))
    total = fields.Decimal(required=True, as_string=True)
    payment_method = fields.String(required=True, validate=OneOf(["card", "paypal", "invoice", "transfer"]))
    ip_country = fields.String(required=True, validate=Length(equal=2))
    shipping = fields.Nested(Address, required=True)
    items = fields.List(fields.Nested(Item), required=True, validate=Length(min=1))


class MailServerBusy(Exception):
    """The mail server says: come back later."""


outbox: dict[UUID, str] = {}
reserved: dict[UUID, list[dict[str, Any]]] = {}


@task(
    OrderPlaced,
    queue="receipts",
    retry=retry_if_exception_type(MailServerBusy),
    stop=stop_after_attempt(5),
    wait=wait_exponential(max=8),  # 1 s, 2 s, 4 s, 8 s
)
def send_receipt(order_id: UUID, email: str, total: Decimal, currency: str, delivery: Delivery) -> None:
    """Thank the customer. The mail server is busy at times, so this may take a second try, or a third."""
    if delivery.attempt <= times_busy(order_id):
        raise MailServerBusy(f"451 {email}: try again later")
    outbox[order_id] = f"To {email}: we have your order of {total} {currency}."


@task(OrderPlaced, queue="stock")
def reserve_stock(order_id: UUID, items: list[dict[str, Any]]) -> None:
    """Put the goods aside, once: a message may arrive twice, and the second time changes nothing."""
    reserved.setdefault(order_id, items)


@task(OrderPlaced, queue="fraud")
async def check_fraud(total: Decimal, currency: str, ip_country: str, shipping: dict[str, str]) -> None:
    """Ask a service elsewhere. What looks wrong goes to the dead-letter queue, where a person decides."""
    await asyncio.sleep(0.005)
    if total > LARGEST_TOTAL:
        raise Reject(f"a total of {total} {currency} needs a second look")
    if ip_country != shipping["country"]:
        raise Reject(f"ordered from {ip_country}, sent to {shipping['country']}")


def times_busy(order_id: UUID) -> int:
    """How often the mail server is busy for this order: twice for 1 in 50, once for another 2."""
    return {0: 2, 1: 1, 2: 1}.get(order_id.int % 50, 0)


def orders(path: Path = FEED) -> Iterator[str]:
    """The orders as they came in, one message body a line; nobody has looked at them yet."""
    with path.open(encoding="utf-8") as lines:
        yield from (line.rstrip("\n") for line in lines)

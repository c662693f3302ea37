"""A shop under test: paying an order sends a receipt. A card may be declined, by order and attempt."""

from decimal import Decimal
from typing import Any

from marshmallow import fields
from tenacity import retry_if_not_exception_type, stop_after_attempt, wait_exponential

from pubsub_tasks import Delivery, Discard, PubSubMessageSchema, Reject, SkipMessage, Tasks, task

ORDER = "application/vnd.shop.pubsub._.created.order"


class OrderPlaced(PubSubMessageSchema):
    MEDIA_TYPE = ORDER
    order_id = fields.Integer(required=True)
    total = fields.Decimal(required=True, as_string=True)


class ReceiptSent(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.receipt"
    order_id = fields.Integer(required=True, data_key="orderId")


class CardDeclined(Exception):
    """The bank said no."""


class NoSuchCard(Exception):
    """Trying again would not help."""


class Shop:
    """Tasks of their own for each test. `plan` says what paying raises, by order and attempt."""

    def __init__(self, **options: Any) -> None:
        self.tasks = Tasks()
        self.plan: dict[int, dict[int, Exception]] = {}
        self.paid: list[tuple[int, int, Decimal]] = []
        self.counted: list[int] = []

        @task(
            OrderPlaced,
            tasks=self.tasks,
            stop=stop_after_attempt(3),
            wait=wait_exponential(multiplier=60),
            retry=retry_if_not_exception_type(NoSuchCard),
            **options,
        )
        def pay(order_id: int, total: Decimal, delivery: Delivery) -> None:
            error = self.plan.get(order_id, {}).get(delivery.attempt)
            if error is not None:
                raise error
            self.paid.append((order_id, delivery.attempt, total))
            self.send_receipt.publish(order_id=order_id)

        @task(ReceiptSent, tasks=self.tasks, **options)
        async def send_receipt(order_id: int) -> None:
            self.counted.append(order_id)

        self.pay, self.send_receipt = pay, send_receipt

    def declines(self, order_id: int, *attempts: int) -> None:
        """Decline the card of an order in these attempts."""
        self.plan[order_id] = {attempt: CardDeclined(f"card of {order_id}") for attempt in attempts}


SIGNALS = {1: SkipMessage(), 2: Discard("a test order"), 3: Reject("stolen"), 4: NoSuchCard("4")}

"""A web shop: an endpoint that publishes without blocking its event loop, and all of it or nothing.

    pip install fastapi uvicorn
    pubsub-tasks local --port 4566 --app examples.web        # and what it prints, in the next shell
    uvicorn examples.web:app

The tasks are served elsewhere: `pubsub-worker --app examples.web --queue packing --sqs-queue-url ...`.
"""

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import FastAPI, Header, HTTPException
from marshmallow import fields
from pydantic import BaseModel

from pubsub_tasks import PubSubMessageSchema, deferred, headers, schema, task

app = FastAPI()


@schema
class LineOrdered(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.webshop.pubsub._.created.line"

    order_id = fields.UUID(required=True)
    sku = fields.String(required=True)
    quantity = fields.Integer(required=True)


@task(LineOrdered, queue="packing")
def pack(order_id: UUID, sku: str, quantity: int) -> None:
    """Put it into the parcel."""
    packed.setdefault(order_id, {})[sku] = quantity


packed: dict[UUID, dict[str, int]] = {}
stock = {"tea": 10, "cup": 1}


class Order(BaseModel):
    lines: dict[str, int]


@app.post("/orders", status_code=202)
async def order(order: Order, x_request_id: Annotated[str, Header()] = "none") -> dict[str, UUID]:
    """Take an order. Nothing of it is published unless all of it can be had."""
    order_id = uuid4()
    with headers({"x-request-id": x_request_id}):  # flows on to the handlers, and to what they publish
        async with deferred():
            for sku, quantity in order.lines.items():
                await pack.apublish(order_id=order_id, sku=sku, quantity=quantity)
                if stock.get(sku, 0) < quantity:
                    raise HTTPException(409, f"not that many: {sku}")
    return {"order_id": order_id}

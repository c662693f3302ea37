"""A task on its way from Celery to pubsub-tasks, with both of them on one queue.

Celery publishes `shop.send_receipt` to the queue `receipts`, and so does the task here; either worker
handles what either of them has published. So publishers and workers move one at a time, in any order.

    celery -A examples.celery_move worker -Q receipts
    pubsub-worker --sqs-queue-url URL --app examples.celery_move
"""

import os
from decimal import Decimal
from urllib.parse import urlsplit

from celery import Celery
from marshmallow import fields

from pubsub_tasks import Delivery, PubSubMessageSchema, schema, task

QUEUE = "receipts"


# As it was, in Celery.

_endpoint = urlsplit(os.environ.get("AWS_ENDPOINT_URL", ""))  # kombu takes an endpoint from the URL alone

celery_app = Celery("shop", broker=f"sqs://{_endpoint.netloc}")
celery_app.conf.update(
    task_routes={"shop.send_receipt": {"queue": QUEUE}},
    task_ignore_result=True,
    broker_transport_options={
        "region": os.environ.get("AWS_DEFAULT_REGION", "eu-west-1"),
        "is_secure": _endpoint.scheme != "http",
        "wait_time_seconds": 20,
    },
)


@celery_app.task(name="shop.send_receipt", acks_late=True)
def send_receipt_by_celery(order_id: str, total: str = "0") -> None:
    print(f"Celery: receipt for {order_id}: {total}", flush=True)


# As it will be.


@schema
class ReceiptDue(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.shop.pubsub._.created.receipt"

    order_id = fields.String(required=True)
    total = fields.Decimal(load_default=Decimal(0), as_string=True)


@task(ReceiptDue, queue=QUEUE, celery="shop.send_receipt")
def send_receipt(order_id: str, total: Decimal, delivery: Delivery) -> None:
    print(f"pubsub-tasks: receipt for {order_id}: {total}, attempt {delivery.attempt}", flush=True)


# A publisher that moves before the workers do writes what Celery's worker reads.

for_celery = send_receipt.options(celery=True)

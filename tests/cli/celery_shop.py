"""A Celery app, with tasks of all kinds."""

from decimal import Decimal
from enum import Enum
from uuid import UUID

from celery import Celery


class Color(Enum):
    RED = "red"


app = Celery("shop", broker="memory://", backend="cache+memory://", set_as_current=False)
app.conf.update(
    task_default_queue="shop", task_routes={"shop.paint": {"queue": "paint"}}, task_time_limit=300
)


@app.task(name="shop.send_receipt", acks_late=True, ignore_result=True)
def send_receipt(order_id: UUID, total: Decimal = Decimal("9.99"), note: str | None = None) -> None:
    """Send a receipt."""


@app.task(
    name="shop.paint",
    bind=True,
    autoretry_for=(OSError, KeyError),
    retry_backoff=2,
    max_retries=7,
    rate_limit="10/m",
    acks_late=True,
    soft_time_limit=60,
)
def paint(
    self, color: Color, walls: list[dict[str, int]], price_per_square_metre: Decimal = Decimal(1)
) -> None:
    self.retry(countdown=5)


@app.task(name="shop.anything")
def anything(*args, **kwargs) -> None:
    """Take whatever comes."""


@app.task(name="shop.pickled", serializer="pickle", max_retries=None)
def pickled(thing) -> None:
    anything.delay(thing)

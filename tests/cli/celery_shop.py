"""A Celery app, with tasks of all kinds."""

from __future__ import annotations

from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING
from uuid import UUID

from celery import Celery
from celery.exceptions import Ignore

if TYPE_CHECKING:
    from fractions import Fraction


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
    self,
    walls: list[dict[str, int]],
    price_per_square_metre: Decimal = Decimal(1),
    color: Color = Color.RED,
    sizes: dict[str, list[int]] = {"door": [1, 2]},  # noqa: B006
) -> Fraction:
    if self.request.retries > 2:
        raise Ignore
    self.retry(countdown=5)
    return Fraction(1)


@app.task(
    name="shop.house.paint",
    autoretry_for=(OSError,),
    dont_autoretry_for=(FileNotFoundError,),
    retry_kwargs={"max_retries": 9, "countdown": 5},
    expires=60,
    acks_late=True,
    ignore_result=True,
)
def paint_house(number: int | str) -> None:
    """Paint a house."""


@app.task(name="shop.weigh", acks_late=True)
def weigh(weight: Fraction) -> None:
    """Weigh something."""


@app.task(name="shop.anything")
def anything(*args, **kwargs) -> None:
    """Take whatever comes."""


@app.task(name="shop.pickled", serializer="pickle", max_retries=None)
def pickled(thing) -> None:
    anything.delay(thing)

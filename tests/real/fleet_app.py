"""An application that two releases run side by side. It knows only names that both of them have.

Its tasks write what reaches them to a ledger, a line of JSON for each attempt.
"""

import json
import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from random import Random
from threading import Event
from typing import Any
from uuid import UUID

from marshmallow import fields
from tenacity import retry_if_exception_type, stop_after_attempt, wait_none

import pubsub_tasks
from pubsub_tasks import Delivery, Nack, PubSubMessageSchema, Reject, Tasks, by, default_tasks, task

LEDGER, RELEASE = "FLEET_LEDGER", "FLEET_RELEASE"
"""Environment variables with the path of the ledger and the name of this release."""

REFUSES, MEETS = "FLEET_REFUSES", "FLEET_MEETS"
"""Environment variables of a worker that refuses all parcels, and of one that waits for another's."""

PARCELS, CRATES = "parcels", "crates.fifo"
DELAY, HOUR = 600, 3600
"""Seconds. SQS itself delays a message for at most 15 minutes."""

NINE_ATTRIBUTES: dict[str, Any] = {
    **{f"text-{number}": f"é {number}" for number in range(8)},
    "bytes": b"\x00\xff",
}
"""With `media_type` they are as many as a message may have."""

tasks = Tasks(default_tasks.default)


class _Parcel(PubSubMessageSchema):
    name = fields.String(required=True)
    number = fields.UUID(load_default=None)
    weight = fields.Decimal(load_default=None, as_string=True)
    sent = fields.AwareDateTime(load_default=None)
    lines = fields.List(fields.Dict(), load_default=list)
    filling = fields.String(load_default="")


class ParcelSent(_Parcel):
    MEDIA_TYPE = "application/vnd.fleet.pubsub._.created.parcel"


class PackedParcelSent(_Parcel):
    MEDIA_TYPE = "application/vnd.fleet.pubsub._.created.packed_parcel"
    CONTENT_TYPE = "msgpack"
    COMPRESSION = "zstd"
    COMPRESS_OVER = 16


class ParcelEvent(_Parcel):
    """A CloudEvent by the release that knows of them, and as any other message by the one that does not."""

    MEDIA_TYPE = "application/vnd.fleet.pubsub._.created.parcel_event"
    CLOUD_EVENT = "structured"
    CLOUD_EVENT_SOURCE = "/fleet"


class CrateSent(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.fleet.pubsub._.created.crate"
    lane = fields.String(required=True)
    name = fields.String(required=True)


@task(ParcelSent, queue=PARCELS, tasks=tasks, retry=retry_if_exception_type(OSError))
def take(delivery: Delivery, **content: Any) -> None:
    _take(delivery, content)


@task(PackedParcelSent, queue=PARCELS, tasks=tasks)
def take_packed(delivery: Delivery, **content: Any) -> None:
    _take(delivery, content)


@task(ParcelEvent, queue=PARCELS, tasks=tasks)
def take_event(delivery: Delivery, **content: Any) -> None:
    _take(delivery, content)


@task(CrateSent, queue=CRATES, tasks=tasks, group=by("lane"), wait=wait_none(), stop=stop_after_attempt(3))
def stack(lane: str, name: str, delivery: Delivery) -> None:
    """Some stumble once and others are rejected until they are redriven."""
    _write(delivery, {"lane": lane, "name": name})
    if os.environ.get(MEETS):
        _wait_until_both_have_begun()
    if "stumbles" in name and delivery.attempt == 1:
        raise OSError(name)
    if "rejected" in name and not delivery.waived:
        raise Reject(name)


def publish_parcels() -> None:
    """Publish one of each kind. What was published goes to the ledger too."""
    _publish_parcel(take.options(delay=DELAY), "delayed")
    _publish_parcel(take.options(headers={"tenant": "t-1", "name": "Zoë"}, group_id="fair"), "plain")
    _publish_parcel(take.options(attributes=NINE_ATTRIBUTES), "ten attributes")
    _publish_parcel(take.options(attributes=NINE_ATTRIBUTES), "failed")
    _publish_parcel(take, "rejected", filling=Random(1).randbytes(300_000).hex())
    _publish_parcel(take, "large", filling=Random(2).randbytes(300_000).hex())
    _publish_parcel(take, "long", filling="ü" * 200_000)
    _publish_parcel(take_packed, "packed", filling="x" * 1000)
    _publish_parcel(take_event, "event")
    _publish_parcel(take.options(expires=0.001), "expired")


def publish_postponed() -> None:
    """Publish a parcel for an hour later: longer than SQS itself delays a message."""
    _publish_parcel(take.options(delay=HOUR), "postponed")


def publish_crates() -> None:
    """Publish four in each of three lanes."""
    for name in ("first", "stumbles", "rejected", "last"):
        for lane in ("red", "green", "blue"):
            _publish(stack, lane=lane, name=f"{name} of {os.environ[RELEASE]}")


def _take(delivery: Delivery, content: dict[str, Any]) -> None:
    _write(delivery, content)
    if not os.environ.get(REFUSES):
        return
    if content["name"] == "rejected":
        raise Reject("not for this address")
    if content["name"] == "failed":
        raise LookupError("no such address")
    raise Nack(0)


def _publish_parcel(publishing: Any, name: str, filling: str = "") -> None:
    _publish(
        publishing,
        name=name,
        number=UUID(int=len(name)),
        weight=Decimal("1.50"),
        sent=datetime(2026, 11, 27, 15, 30, tzinfo=UTC),
        lines=[{"sku": "ß", "count": 2}],
        filling=filling,
    )


def _publish(publishing: Any, **content: Any) -> None:
    _note({"name": content["name"], "id": publishing.publish(**content), "content": _shown(content)})


def _write(delivery: Delivery, content: dict[str, Any]) -> None:
    _note(
        {
            "name": content["name"],
            "content": _shown(content),
            "id": delivery.id,
            "headers": dict(delivery.headers),
            "attributes": {name: str(each.value) for name, each in delivery.attributes.items()},
            "attempt": delivery.attempt,
            "published_at": delivery.published_at,
            "group": delivery.group,
            "waived": delivery.waived,
        }
    )


def _note(line: dict[str, Any]) -> None:
    line |= {"release": os.environ[RELEASE], "package": str(Path(pubsub_tasks.__file__).parent)}
    ledger = os.open(os.environ[LEDGER], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(ledger, f"{json.dumps(line)}\n".encode())  # one call, so that lines of processes do not mix
    os.close(ledger)


def _shown(content: dict[str, Any]) -> dict[str, str]:
    return {name: repr(value) for name, value in content.items()}


def _wait_until_both_have_begun() -> None:
    ledger = Path(os.environ[LEDGER])
    while not all(f'"{release}"' in ledger.read_text() for release in ("previous", "today")):
        Event().wait(0.01)

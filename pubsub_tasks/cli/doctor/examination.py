"""Reads what surrounds resources: clock, credentials, permissions and pending subscriptions."""

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime

from ...doctor.checkup import Surroundings
from ...errors import TransportError
from ...provisioning.reading.aws_api import Api, pages
from ...provisioning.resources import Key, Place
from ...provisioning.wanted.messaging import subscription_key
from ...transports.aws.regions import region_of_url
from ...wire.records import INTERVENTION_CODES

EXPIRATION = "AWS_CREDENTIAL_EXPIRATION"
"""Source: AWS CLI user guide, `aws configure export-credentials`."""

_NO_HANDLE = "pubsub-tasks-doctor"
"""No receipt handle: SQS refuses it after it has checked the permission, and nothing changes."""

_TRIES: Mapping[str, Mapping[str, object]] = {
    "DeleteMessage": {"ReceiptHandle": _NO_HANDLE},
    "ChangeMessageVisibility": {"ReceiptHandle": _NO_HANDLE, "VisibilityTimeout": 0},
}
UNTRIED = ("sqs:ReceiveMessage", "sqs:SendMessage", "sns:Publish")
"""Each receive, send and publish has an effect, and none can be asked for without it."""


def surroundings(api: Api, place: Place, urls: Sequence[str]) -> Surroundings:
    """What surrounds the queues at these URLs. Raises TransportError."""
    regions = {url: region for url in urls if (region := region_of_url(url)) is not None}
    now = time.time()
    refused = dict(each for url in urls for each in _refusals(api, url))
    return Surroundings(place.region, regions, _clock_skew(api), _expires(now), refused, UNTRIED)


def pending_subscriptions(api: Api, place: Place) -> frozenset[Key]:
    """Subscriptions that nobody has confirmed. Raises TransportError."""
    return frozenset(
        subscription_key(each["TopicArn"], each["Endpoint"].rpartition(":")[2], place)
        for each in pages(api, "sns", "ListSubscriptions", "Subscriptions")
        if each["SubscriptionArn"] == "PendingConfirmation" and each.get("Protocol") == "sqs"
    )


def _refusals(api: Api, url: str) -> Iterator[tuple[str, str]]:
    for action, params in _TRIES.items():
        try:
            api("sqs", action, {"QueueUrl": url, **params})
        except TransportError as error:
            if error.code in INTERVENTION_CODES:
                yield f"sqs:{action} on {url.rpartition('/')[2]}", str(error)


def _clock_skew(api: Api) -> float | None:
    """Seconds that the clock is ahead of the service's `Date`, which has no fractions; None without one."""
    before = time.time()
    try:
        answer = api("sts", "GetCallerIdentity", {})
        headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
        told = parsedate_to_datetime(headers["date"]).timestamp()
    except (KeyError, TransportError, TypeError, ValueError):
        return None
    return (before + time.time()) / 2 - told - 0.5


def _expires(now: float) -> float | None:
    """Seconds until credentials of the environment expire; others are renewed by boto3."""
    told = os.environ.get(EXPIRATION)
    if not told or "AWS_ACCESS_KEY_ID" not in os.environ:
        return None
    try:
        return datetime.fromisoformat(told).timestamp() - now
    except ValueError:
        return None

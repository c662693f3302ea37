"""Reads what stands of an application's resources, with a bounded number of calls at once."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from os.path import commonprefix

from ..resources import Found, Place, Resource
from .aws_api import Api
from .read_messaging import list_messaging, read_messaging
from .read_others import read_others

CALLS_AT_ONCE = 16
"""SNS allows some 10 to 100 calls per second and action, and boto3 backs off when it is throttled."""


def read_found(
    api: Api, place: Place, wanted: Iterable[Resource], surplus_prefix: str | None = None
) -> Found:
    """What stands of the wanted resources, and of the wanted queues' subscriptions.

    With `surplus_prefix`, also all other topics and queues whose names begin with it: the owner's may be
    surplus. Raises ConfigurationError if a bucket or key does not exist, and TransportError.
    """
    resources = list(wanted)
    queues = {resource.key.name for resource in resources if resource.key.kind == "queue"}
    topics = {resource.key.name for resource in resources if resource.key.kind == "topic"}
    surplus = [surplus_prefix] if surplus_prefix is not None else []
    with ThreadPoolExecutor(CALLS_AT_ONCE, "pubsub-provisioning") as executor:
        prefix = commonprefix([*queues, *surplus])  # noqa: RUF071 - SQS too goes by characters
        listed = list_messaging(api, prefix, _topics_elsewhere(place, resources), executor)
        if surplus_prefix is not None:
            queues |= {name for name in listed.queues if name.startswith(surplus_prefix)}
            topics |= {name for name in listed.topics if name.startswith(surplus_prefix)}
        found = [*read_messaging(api, place, listed, sorted(queues), sorted(topics), executor)]
    found += read_others(api, resources)
    return {resource.key: resource for resource in found}


def _topics_elsewhere(place: Place, resources: Iterable[Resource]) -> list[str]:
    """ARNs of topics of other regions to which queues subscribe."""
    arns = {each.identity["TopicArn"] for each in resources if each.key.kind == "subscription"}
    return sorted(arn for arn in arns if not place.has_region_of(arn))

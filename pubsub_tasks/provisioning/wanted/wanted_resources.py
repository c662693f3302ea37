"""All resources that an application needs, in an order in which they can be created."""

from collections.abc import Iterator

from ..claims import rule
from ..resources import Key, Place, Resource
from ..settings import ProvisioningSettings, SchedulerSettings
from ..topology import Topology
from .alarms import alarm_resources
from .messaging import Messaging
from .scheduling import scheduling_resources
from .statements import key_statement, key_use_statement


def wanted_resources(
    topology: Topology, place: Place, settings: ProvisioningSettings
) -> tuple[Resource, ...]:
    """The resources of a topology. Raises ConfigurationError for settings of another account."""
    messaging = Messaging(topology, place, settings)
    return tuple(_resources(messaging))


def _resources(messaging: Messaging) -> Iterator[Resource]:
    place, settings = messaging.place, messaging.settings
    if settings.kms_key:
        key = Key("encryption key", settings.kms_key)
        identity = {"KeyId": settings.kms_key}
        yield Resource(
            key, {"Policy": key_statement()}, identity, messaging.tags, why="SNS sends to encrypted queues"
        )
    yield from messaging.resources()
    if settings.bucket:
        key = Key("lifecycle rule", settings.bucket)
        yield Resource(key, {"Rule": rule()}, {"Bucket": settings.bucket}, why="large bodies expire")
    if settings.scheduler:
        yield from _scheduling(messaging, settings.scheduler)
    if settings.alarms:
        for queue in messaging.topology.queues:
            yield from alarm_resources(queue, settings.alarms, place, messaging.tags)


def _scheduling(messaging: Messaging, scheduler: SchedulerSettings) -> Iterator[Resource]:
    place, topology = messaging.place, messaging.topology
    queues = [place.queue_arn(queue.name) for queue in topology.queues]
    dead_letters = scheduler.dead_letter_arn
    if dead_letters:
        queues.append(dead_letters)
        if place.has(dead_letters) and dead_letters not in queues[:-1]:
            yield messaging.scheduler_dead_letters(dead_letters.rpartition(":")[2])
    yield from scheduling_resources(
        scheduler,
        place,
        messaging.tags,
        queues,
        [topic.arn for topic in topology.topics],
        key_use_statement(key, place) if (key := messaging.settings.kms_key) else None,
    )

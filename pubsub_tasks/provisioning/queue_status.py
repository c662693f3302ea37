"""What is declared of each queue and what stands, as rows of a table. No I/O."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .planning.diff import differences_of
from .resources import Found, Key, Place, Resource, StandingResource
from .topology import QueuePlan, Topology
from .wanted.messaging import subscription_key

_MINOR = frozenset({"RedriveAllowPolicy", "SqsManagedSseEnabled"})
"""Properties that messages do not depend on, and that not every service returns."""


@dataclass(frozen=True, slots=True)
class QueueStatus:
    """A queue of the application. Counts are approximate, and None if the queue does not exist.

    Attributes:
        logical_name: as tasks name it.
        oldest: seconds that the oldest message has waited; None if not known.
        letters: messages in the dead-letter queue.
        subscribed: subscriptions that stand, of `wanted`.
        state: what is wrong, in a few words; empty if it stands as it is declared.
    """

    logical_name: str
    name: str
    visible: int | None
    in_flight: int | None
    delayed: int | None
    letters: int | None
    oldest: float | None
    subscribed: int
    wanted: int
    state: str


def queue_statuses(
    topology: Topology,
    place: Place,
    wanted: Iterable[Resource],
    found: Found,
    ages: Mapping[str, float],
) -> list[QueueStatus]:
    """The status of each queue; `ages` has the seconds of the oldest message by queue name."""
    needed = {resource.key: resource for resource in wanted}
    return [_status(queue, place, needed, found, ages) for queue in topology.queues]


def _status(
    queue: QueuePlan,
    place: Place,
    needed: Mapping[Key, Resource],
    found: Found,
    ages: Mapping[str, float],
) -> QueueStatus:
    own, letters = found.get(Key("queue", queue.name)), found.get(Key("queue", queue.dead_letter_name))
    keys = [subscription_key(each.topic_arn, queue.name, place) for each in queue.subscriptions]
    return QueueStatus(
        queue.logical_name,
        queue.name,
        _count(own, ""),
        _count(own, "NotVisible"),
        _count(own, "Delayed"),
        _count(letters, ""),
        ages.get(queue.name),
        sum(key in found for key in keys),
        len(keys),
        _state(queue, keys, needed, found),
    )


def _state(queue: QueuePlan, keys: list[Key], needed: Mapping[Key, Resource], found: Found) -> str:
    own, letters = Key("queue", queue.name), Key("queue", queue.dead_letter_name)
    if own not in found:
        return "does not exist"
    if letters not in found:
        return "no dead-letter queue"
    if any(key not in found for key in keys):
        return "not subscribed"
    differing = [
        difference.name
        for key in (own, letters, *keys)
        if key in needed
        for difference in differences_of(needed[key], found[key])
        if difference.name not in _MINOR
    ]
    return f"differs in {', '.join(dict.fromkeys(differing))}" if differing else ""


def _count(standing: StandingResource | None, suffix: str) -> int | None:
    if standing is None:
        return None
    return int(standing.properties.get(f"ApproximateNumberOfMessages{suffix}", 0))

"""Creates an application's topics and queues in a broker of this machine that has none yet."""

from collections.abc import Mapping
from dataclasses import dataclass

from .planning.diff import make_plan
from .reading.aws_api import Api, make_call
from .resources import Place
from .settings import ProvisioningSettings
from .topology import Topology
from .wanted.wanted_resources import wanted_resources

OWNER = "local"


@dataclass(frozen=True, slots=True)
class Provisioned:
    """ARNs and URLs of what was provisioned; topics by media type, queues by logical name."""

    topic_arns: Mapping[str, str]
    queue_urls: Mapping[str, str]
    dead_letter_urls: Mapping[str, str]


def provision(topology: Topology, place: Place, api: Api) -> Provisioned:
    """Create all of a topology, with default settings, and return what it made."""
    settings = ProvisioningSettings(OWNER)
    plan = make_plan(wanted_resources(topology, place, settings), {}, OWNER)
    for step in plan.steps:
        make_call(api, step.call)
    return Provisioned(
        topology.topic_arns(),
        {queue.logical_name: place.queue_url(queue.name) for queue in topology.queues},
        {queue.logical_name: place.queue_url(queue.dead_letter_name) for queue in topology.queues},
    )

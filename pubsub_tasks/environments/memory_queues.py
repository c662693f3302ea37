"""Creates a queue in memory with its dead-letter queue, as they are in AWS."""

from collections.abc import Sequence

from ..provisioning.provisioned import provision
from ..provisioning.reading.aws_api import Api
from ..provisioning.resources import Place
from ..provisioning.topology import Declared, Naming, QueueSpec, build_topology

REGION = "us-east-1"
ACCOUNT = "000000000000"


def create(api: Api, endpoint: str, name: str, attempts: Sequence[int | None]) -> None:
    """Create the queue for tasks whose policies allow so many attempts; it has no subscriptions."""
    declared = Declared((QueueSpec(name, (), tuple(attempts)),))
    place = Place(REGION, ACCOUNT, queue_urls=f"{endpoint}/{ACCOUNT}/")
    provision(build_topology(declared, Naming(place.topic_arn)), place, api)

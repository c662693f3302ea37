"""Topics and queues in a broker process on this machine, for as long as they are needed.

It sets the environment that any SDK reads, so that everything after it is the ordinary AWS transport. What it
makes is gone when it ends: the broker keeps nothing on disk.
"""

import json
import os
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass

from ..local.server import ACCOUNT, REGION, start_process
from ..provisioning.provision import Provisioned, provision
from ..provisioning.topology import QueueSpec, plan
from ..tasks.registry import Tasks
from ..transports.aws.transport import AwsTransport

TOPICS = f"arn:aws:sns:{REGION}:{ACCOUNT}:"
"""How the ARNs of its topics begin."""


@dataclass(frozen=True, slots=True)
class LocalBroker:
    """A running local world: its environment, its transport, and what was made in it."""

    url: str
    transport: AwsTransport
    provisioned: Provisioned

    @property
    def fifo_topics(self) -> dict[str, str]:
        """ARNs of its FIFO topics by media type."""
        return {name: arn for name, arn in self.provisioned.topic_arns.items() if arn.endswith(".fifo")}


def queues(url: str) -> str:
    """How the URLs of its queues begin, for the broker at `url`."""
    return f"{url}/{ACCOUNT}/"


def environment(url: str, fifo: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables by which another process finds the broker at `url`, and publishes to its topics.

    `fifo` is ARNs of FIFO topics by media type: no prefix makes them, as they end in `.fifo`.
    """
    mapped = {"PUBSUB_TASKS__SNS_TOPIC_ARNS__MAPPINGS": json.dumps(fifo)} if fifo else {}
    return {
        **mapped,
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "PUBSUB_TASKS__SNS_TOPIC_ARNS__PREFIX": TOPICS,
        "PUBSUB_TASKS__SQS_QUEUE_URLS__PREFIX": queues(url),
    }


def queue_specs(tasks: Tasks) -> list[QueueSpec]:
    """What each queue of these tasks must carry."""
    specs = []
    for queue in sorted(tasks.queues):
        bound = tasks.for_queue(queue)
        media_types = tuple(sorted({task.media_type for task in bound if not task.media_type.endswith(".*")}))
        specs.append(QueueSpec(queue, media_types, tuple(task.policy.attempts for task in bound)))
    return specs


@contextmanager
def local(tasks: Tasks, port: int = 0) -> Iterator[LocalBroker]:
    """Start a broker and make what `tasks` need in it. Raises ConfigurationError, MissingExtra."""
    process = start_process(port)
    try:
        with _environment(environment(process.url)):
            transport = AwsTransport()
            topology = plan(queue_specs(tasks))
            provisioned = provision(topology, transport.client("sns"), transport.client("sqs"))
            world = LocalBroker(process.url, transport, provisioned)
            with _environment(environment(process.url, world.fifo_topics)):
                yield world
    finally:
        process.stop()


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    variables: MutableMapping[str, str] = os.environ
    before = {name: variables.get(name) for name in values}
    variables.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                variables.pop(name, None)
            else:
                variables[name] = value

"""Topics and queues in a local broker process, for the duration of a `with` block.

It sets the environment variables that AWS SDKs read, so that the ordinary AWS transport uses the broker.
Nothing is kept on disk.
"""

import json
import os
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..local.server import ACCOUNT, REGION, start_process
from ..provisioning.declared import declared_by, is_fifo
from ..provisioning.provisioned import Provisioned, provision
from ..provisioning.reading.boto_api import boto_api
from ..provisioning.resources import Place
from ..provisioning.topology import Naming, Topology, build_topology
from ..publishing.topics import Topics
from ..tasks.registry import Tasks
from ..transports.aws.transport import AwsTransport

TOPICS = f"arn:aws:sns:{REGION}:{ACCOUNT}:"
"""Prefix of the ARNs of the local broker's topics."""


@dataclass(frozen=True, slots=True)
class LocalBroker:
    """A running local broker: its URL, a transport to it, and the provisioned topics and queues."""

    url: str
    transport: AwsTransport
    provisioned: Provisioned

    @property
    def configuration(self) -> dict[str, Any]:
        """Configuration of an object graph that uses its topics and queues."""
        return {
            "sns_topic_arns": {"prefix": TOPICS, "mappings": self.fifo_topics},
            "sqs_queue_urls": {"prefix": queues(self.url)},
        }

    @property
    def fifo_topics(self) -> dict[str, str]:
        """ARNs of the FIFO topics by media type."""
        return {name: arn for name, arn in self.provisioned.topic_arns.items() if arn.endswith(".fifo")}


def queues(url: str) -> str:
    """Prefix of the URLs of the queues of the broker at `url`."""
    return f"{url}/{ACCOUNT}/"


def environment(url: str, fifo: Mapping[str, str] | None = None) -> dict[str, str]:
    """Environment variables with which another process uses the broker at `url` and its topics.

    `fifo` maps media types to the ARNs of FIFO topics, which end in `.fifo` and cannot be built from a
    prefix.
    """
    mappings = {"PUBSUB_TASKS__SNS_TOPIC_ARNS__MAPPINGS": json.dumps(fifo)} if fifo else {}
    return {
        **mappings,
        "AWS_ENDPOINT_URL": url,
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "PUBSUB_TASKS__SNS_TOPIC_ARNS__PREFIX": TOPICS,
        "PUBSUB_TASKS__SQS_QUEUE_URLS__PREFIX": queues(url),
    }


def local_topology(tasks: Tasks) -> Topology:
    """The topology of these tasks in the local broker."""
    declared = declared_by(tasks)
    return build_topology(declared, Naming(Topics(prefix=TOPICS, is_fifo=partial(is_fifo, declared)).arn))


@contextmanager
def local(tasks: Tasks, port: int = 0) -> Iterator[LocalBroker]:
    """Start a broker and provision the topics and queues of `tasks`.

    Raises ConfigurationError, MissingExtra.
    """
    process = start_process(port)
    try:
        with _environment(environment(process.url)):
            transport = AwsTransport()
            place = Place(REGION, ACCOUNT, queue_urls=queues(process.url))
            provisioned = provision(local_topology(tasks), place, boto_api(transport.client))
            broker = LocalBroker(process.url, transport, provisioned)
            with _environment(environment(process.url, broker.fifo_topics)):
                yield broker
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

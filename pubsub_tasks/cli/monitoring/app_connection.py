"""Options and connections of the commands that watch an app: `dashboard` and `top`."""

from collections.abc import Iterable, Sequence
from functools import partial
from shlex import quote
from typing import Any

import click

from ...cli import find_app
from ...dashboard.monitored_app import MonitoredApp, WorkerSource
from ...dashboard.worker_address import WorkerAddress
from ...doctor.checkup import Commands
from ...doctor.finding import Finding
from ...errors import ConfigurationError
from ...graph.connections import transport_of
from ...provisioning.reading.boto_api import boto_api
from ...publishing.routes import QueueUrls
from ...transports.aws.regions import region_of_url
from ..doctor.doctor_command import examine
from ..doctor.queue_ages import queue_ages
from ..number_ranges import FiniteRange
from ..provisioning.account_access import connect
from ..provisioning.app_resources import AppResources

app_option = click.option(
    "--app", "-A", metavar="MODULE[:ATTRIBUTE]", help="The app that has the tasks, as for pubsub-worker."
)
worker_option = click.option(
    "--worker",
    "workers",
    multiple=True,
    metavar="HOST:PORT",
    help="A worker that serves /status there (--health-port). May be repeated.",
)
interval_option = click.option(
    "--interval",
    type=FiniteRange(min=1, max=300),
    default=5.0,
    show_default=True,
    metavar="SECONDS",
    help="Time between two looks at the queues and workers.",
)


def monitored_app(spec: str | None, workers: Sequence[str]) -> MonitoredApp:
    """The queues and workers of an app.

    Raises ConfigurationError if a queue has no URL, or there are no credentials, TransportError if their
    source does not answer.
    """
    sources = [WorkerSource(address.name, address.status) for address in map(WorkerAddress.parse, workers)]
    app = find_app.find(spec)
    graph = app.graph({}, testing=False, debug=False)
    graph.use("pubsub_observers", "sns_topic_arns", "sqs_queue_urls")
    tasks = app.require_tasks(graph)
    urls = {name: _url(graph.sqs_queue_urls, name) for name in sorted(tasks.queues)}
    transport = transport_of(graph, graph.config.sqs_consumer)
    _require_client(transport, urls.values())
    return MonitoredApp(
        tasks,
        transport,
        urls,
        sources,
        ages=partial(queue_ages, boto_api(transport.client)),  # type: ignore[attr-defined]
        topic=lambda media_type: str(graph.sns_topic_arns.arn(media_type)),
        prepare_publishing=lambda: graph.use("sns_producer"),
        findings=partial(_findings, spec),
    )


def _require_client(transport: Any, urls: Iterable[str]) -> None:
    """Without credentials each look would fail alike. Raises ConfigurationError, TransportError."""
    region = next(filter(None, map(region_of_url, urls)), None)
    transport.client("sqs", region)


def _findings(spec: str | None) -> Sequence[Finding]:
    """What `pubsub-tasks doctor` finds. Raises ConfigurationError, TransportError."""
    resources = AppResources.of(spec, None)
    api, place = connect(resources.region, resources.profile)
    return examine(resources, Commands(f"--app {quote(spec)}" if spec else ""), api, place, ())


def _url(urls: QueueUrls, queue: str) -> str:
    try:
        return urls.url(queue)
    except ConfigurationError as error:
        raise ConfigurationError(
            f"no URL is configured for the queue {queue!r}: set it in sqs_queue_urls, or a prefix for all, "
            "such as PUBSUB_TASKS__SQS_QUEUE_URLS__PREFIX=https://sqs.eu-west-1.amazonaws.com/123456789012/shop-"
        ) from error

"""The `pubsub-tasks tail` command: shows what is published to topics while it runs."""

import getpass
import json
import os
import socket
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import click

from ...cli import find_app
from ...dead_letters.filters import FieldFilter
from ...errors import ConfigurationError, TransportError
from ...processes.exit_codes import INTERRUPTED
from ...provisioning.reading.aws_api import Api
from ...provisioning.reading.boto_api import boto_api
from ...publishing.topics import Topics
from ...redrive.browse import Stop
from ...tasks.registry import Tasks
from ...transports.aws.regions import region_of_arn
from ...transports.aws.transport import AwsTransport
from ...transports.protocols import Queue
from ...untrusted.readable_counts import counted
from ...wire.records import MAX_BATCH
from ..number_ranges import WholeRange
from ..one_line_errors import OneLineCommand
from ..output.terminal import print_line, print_note, stop_on_interrupt
from ..output.values import cell, writable
from ..provisioning.common_options import app_option
from .message_view import MessageView
from .temporary_queue import TailedTopic, TemporaryQueue, remove_left_over, temporary_queue

WAIT = 2
"""Seconds that a receive waits: Ctrl-C takes effect after it."""


@dataclass(frozen=True)
class TailEnvironment:
    """What the command takes from outside; tests replace each.

    Attributes:
        api: makes the API of a region.
        queue: opens a queue by its URL.
        clock: epoch seconds.
    """

    transport: AwsTransport = field(default_factory=AwsTransport)
    api: Callable[[str | None], Api] | None = None
    queue: Callable[[str], Queue] | None = None
    clock: Callable[[], float] = time.time

    def api_of(self, region: str | None) -> Api:
        if self.api is not None:
            return self.api(region)
        return boto_api(partial(_client, self.transport, region))

    def queue_at(self, url: str) -> Queue:
        return self.queue(url) if self.queue is not None else self.transport.queue(url)


@click.command(name="tail", cls=OneLineCommand)
@click.option(
    "--media-type",
    "media_types",
    multiple=True,
    required=True,
    metavar="TYPE",
    help="What to follow; * and ? are wildcards among the media types of the app.",
)
@app_option
@click.option(
    "--where",
    "wheres",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Only messages whose content has this value, such as order_id=7.",
)
@click.option("--limit", type=WholeRange(1), metavar="N", help="End after N messages.")
@click.option("--prefix", default="", metavar="TEXT", help="Beginning of the name of the temporary queue.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.make_pass_decorator(TailEnvironment, ensure=True)
def command(
    environment: TailEnvironment,
    /,
    media_types: Sequence[str],
    app: str | None,
    wheres: Sequence[str],
    limit: int | None,
    prefix: str,
    as_json: bool,
) -> None:
    """Show messages as they are published, until Ctrl-C.

    \b
    pubsub-tasks tail --media-type 'application/vnd.shop.pubsub._.created.*' --app shop.tasks

    It subscribes a temporary queue of its own to the topics, so that no other queue gets less, and removes it
    at the end. What a killed one left is removed by a later one, after a quarter of an hour.
    """
    filters = [FieldFilter.parse(where) for where in wheres]
    found = find_app.find(app)
    graph = found.graph({}, testing=False, debug=False)
    topics = tailed_topics(media_types, found.tasks, graph.sns_topic_arns)
    api = environment.api_of(region_of_arn(topics[0].arn))
    _note_unknown(media_types, found.tasks)
    _remove_left_over(environment, api, prefix)
    owner = f"{_user()}@{socket.gethostname()}"
    with (
        stop_on_interrupt() as stop,
        temporary_queue(api, topics, owner, environment.clock, prefix) as queue,
    ):
        print_note(f"following {counted(len(topics), 'topic')}; Ctrl-C ends")
        show = partial(_show, as_json=as_json, filters=filters, clock=environment.clock)
        count = follow(queue, environment.queue_at(queue.url), show, stop, limit, environment.clock)
        interrupted = stop.is_set()
    print_note(counted(count, "message"))
    if interrupted:
        raise click.exceptions.Exit(INTERRUPTED)


def tailed_topics(patterns: Iterable[str], tasks: Tasks, topics: Topics) -> list[TailedTopic]:
    """The topics of media types; several that share one are filtered. Raises ConfigurationError."""
    known = {*tasks.schemas.media_types(), *(task.media_type for task in tasks)}
    chosen = {
        name
        for pattern in patterns
        for name in (_matching(pattern, known) if set(pattern) & {"*", "?"} else [pattern])
    }
    arns: dict[str, list[str]] = {}
    for name in sorted(chosen):
        arns.setdefault(topics.arn(name), []).append(name)
    regions = {region_of_arn(arn) for arn in arns}
    if len(regions) > 1:
        raise ConfigurationError("the topics are in several regions: follow those of one at a time")
    return [
        TailedTopic(arn, tuple(names) if len(names) > 1 or arn == topics.default else ())
        for arn, names in arns.items()
    ]


def follow(
    temporary: TemporaryQueue,
    queue: Queue,
    show: Callable[[MessageView], bool],
    stop: Stop,
    limit: int | None,
    clock: Callable[[], float],
) -> int:
    """Show messages until `stop` is set, or `limit` were shown. Returns how many. Raises TransportError."""
    count = 0
    while not stop.is_set() and (limit is None or count < limit):
        records = queue.receive(MAX_BATCH, WAIT, None)
        for record in records:
            if limit is None or count < limit:
                count += show(MessageView.of(record))
        if records:
            queue.delete([record.receipt_handle for record in records])
        temporary.renew(clock())
    return count


def _note_unknown(media_types: Iterable[str], tasks: Tasks) -> None:
    """A misspelt media type is followed too, in silence, where several share a topic."""
    bound = {task.media_type for task in tasks}
    for name in media_types:
        if not (set(name) & {"*", "?"} or name in bound or tasks.schemas.declares(name)):
            print_note(str(tasks.schemas.unknown(name)))


def _matching(pattern: str, known: Iterable[str]) -> list[str]:
    found = [name for name in known if fnmatchcase(name, pattern) and not name.endswith(".*")]
    if not found:
        raise ConfigurationError(f"no media type of the app matches {pattern}")
    return found


def _show(
    view: MessageView, *, as_json: bool, filters: Sequence[FieldFilter], clock: Callable[[], float]
) -> bool:
    """Print a message if it matches. Returns whether it does."""
    if not all(each.matches(view.delivery.fields) for each in filters):
        return False
    if as_json:
        print_line(json.dumps(view.as_json(clock())))
        return True
    print_line(line_of(view))
    return True


def line_of(view: MessageView) -> str:
    """The line that shows a message."""
    delivery = view.delivery
    published = _time_of_day(delivery.published_at)
    content = f"cannot be read: {delivery.defect}" if delivery.defect else json.dumps(writable(view.content))
    return f"{published} {cell(delivery.media_type or '-')} {cell(delivery.id)} {content}"


def _time_of_day(epoch: float) -> str:
    """Local time, to the second; dashes if it is not a valid date: a publisher may write any number."""
    try:
        return time.strftime("%H:%M:%S", time.localtime(epoch))
    except (OverflowError, OSError, ValueError):
        return "--:--:--"


def _remove_left_over(environment: TailEnvironment, api: Api, prefix: str) -> None:
    try:
        for owner in remove_left_over(api, environment.clock(), prefix):
            print_note(f"removed a queue that a tail of {owner} left")
    except TransportError as error:
        print_note(f"queues that were left over could not be removed: {error}")


def _user() -> str:
    """The name of this process's user, or its number: a user of a container may have no name."""
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # KeyError until Python 3.12
        return str(os.getuid()) if hasattr(os, "getuid") else "unknown"


def _client(transport: AwsTransport, region: str | None, service: str) -> Any:
    return transport.client(service, region)

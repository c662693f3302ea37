"""The queues that a process consumes, as a command's flags say: on AWS, in memory, or lines of a file."""

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ...environments.line_sources import STDIN, is_file, lines_of
from ...errors import ConfigurationError
from ...graph.connections import transport_of
from ...processes.served_queue import choose_queue
from ...transports.protocols import Transport

if TYPE_CHECKING:
    from ...environments.local_broker import LocalBroker
    from ...environments.replayed_lines import ReplayedLines

logger = logging.getLogger("pubsub_tasks.worker")

Flags = Mapping[str, Any]


class Source(NamedTuple):
    """The queues to consume.

    Attributes:
        urls: logical name and URL of each; a name of None is taken from the URL.
        in_memory: whether there is no service behind the transport.
        lines: the queue's messages, if they are the lines of a file.
    """

    transport: Transport
    urls: Sequence[tuple[str | None, str]]
    in_memory: bool = False
    lines: "ReplayedLines | None" = None


def find_source(flags: Flags, graph: Any, broker: "LocalBroker | None") -> Source:
    """The queues of the process's own `broker`, if it has one, or of the flags. Raises ConfigurationError."""
    url = STDIN if flags["stdin"] else next(iter(flags["sqs_queue_url"]), None)
    tasks, wait, lease = graph.pubsub_served_tasks, flags["wait_seconds"], flags["visibility_timeout"]
    if broker is not None:
        from ..local import chosen_queues, print_publishing_instructions

        print_publishing_instructions(broker, tasks, flags["log_format"], logger)
        transport = transport_of(graph, graph.config.sqs_consumer, wait=wait, lease=lease)
        return Source(transport, chosen_queues(broker, tasks, flags["queue"]))
    if url is not None and is_file(url):
        from ...environments.replayed_lines import ReplayedLines

        name = choose_queue(tasks, "", flags["queue"])
        lines = ReplayedLines(tasks, lines_of(url))
        return Source(lines, [(name, name)], in_memory=True, lines=lines)
    in_memory = graph.metadata.testing
    if url is None and not in_memory:
        raise ConfigurationError(
            "no queue to consume: give --sqs-queue-url URL, --local, --stdin or --testing"
        )
    if url is not None and "://" not in url and not in_memory:
        raise ConfigurationError(
            f"{url!r} is neither a file nor a queue URL: expected "
            "https://sqs.<region>.amazonaws.com/<account>/<name>"
        )
    transport = transport_of(graph, graph.config.sqs_consumer, wait=wait, lease=lease)
    if url is not None:
        return Source(transport, [(flags["queue"], url)], in_memory)
    names = [choose_queue(tasks, "", flags["queue"])] if flags["queue"] else sorted(tasks.queues)
    return Source(transport, [(name, name) for name in names], in_memory)

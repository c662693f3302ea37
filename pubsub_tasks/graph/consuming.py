"""Makes a graph's consumer and message dispatcher, which handle messages in the calling thread.

Imported when one of them is resolved: a worker and a producer need neither.
"""

from collections.abc import Sequence

from ..consumer.consumer import Consumer
from ..consumer.message_dispatcher import MessageDispatcher
from ..dispatching.dispatcher import Dispatcher
from ..errors import ConfigurationError
from ..processes.served_queue import choose_queue, find_dead_letter_queue
from ..publishing.routes import QueueUrls
from ..tasks.registry import Tasks
from ..tasks.task import DEFAULT_QUEUE
from ..telemetry.structlog_context import structlog_layer
from ..transports.protocols import Queue
from ..version import VERSION
from .connections import Graph, transport_of


def make_consumer(graph: Graph) -> Consumer:
    """The consumer of `sqs_queue_url`; in a testing graph, of `queue` or the queues of all tasks.

    Raises ConfigurationError if there is no queue to consume.
    """
    config = graph.config.sqs_consumer
    url = config.sqs_queue_url or config.queue
    if graph.metadata.testing and url is None:
        tasks = graph.get("pubsub_served_tasks") or graph.sqs_message_handler_registry
        first, *others = sorted(tasks.queues) or [DEFAULT_QUEUE]
        return _consumer(graph, first, [_consumer(graph, other) for other in others])
    if config.sqs_queue_url is None and not graph.metadata.testing:
        raise ConfigurationError(
            "no queue to consume: configure sqs_consumer.sqs_queue_url, as with --sqs-queue-url or "
            f"{graph.metadata.name.upper().replace('-', '_')}__SQS_CONSUMER__SQS_QUEUE_URL"
        )
    return _consumer(graph, url)


def _consumer(graph: Graph, url: str, others: Sequence[Consumer] = ()) -> Consumer:
    config, tasks = graph.config.sqs_consumer, graph.sqs_message_handler_registry
    transport = transport_of(graph, config)
    queue = transport.queue(url)
    return Consumer(
        queue,
        tasks,
        queue_name=_logical_queue(tasks, url, config.queue, graph.sqs_queue_urls),
        limit=config.limit,
        wait=0 if graph.metadata.testing else config.wait_seconds,
        visibility=config.visibility_timeout,
        claims=graph.pubsub_claims,
        dead_letters=lambda: find_dead_letter_queue(
            transport, queue.attributes(), config.dead_letter_queue_url
        ),
        version=VERSION,
        observers=graph.pubsub_observers,
        others=others,
    )


def _logical_queue(tasks: Tasks, url: str, wanted: str | None, urls: QueueUrls) -> str | None:
    """The queue whose tasks' policies apply; None if no task names it.

    Raises ConfigurationError if the `wanted` queue does not exist.
    """
    try:
        return choose_queue(tasks, url, wanted, urls)
    except ConfigurationError:
        if wanted is not None:
            raise
        return None


def make_dispatcher(graph: Graph) -> MessageDispatcher:
    """Dispatches a batch of messages in the calling thread."""
    consumer: Consumer = graph.sqs_consumer
    config, tasks = graph.config.sqs_consumer, graph.pubsub_served_tasks
    layers = [layer] if (layer := structlog_layer()) else []

    def dispatcher(queue: Queue) -> Dispatcher:
        return Dispatcher(
            tasks,
            choose_queue(tasks, queue.url, config.queue, graph.sqs_queue_urls),
            unknown=config.unknown or "dead-letter",
            fifo=queue.fifo,
            claims=graph.pubsub_claims,
            name=queue.name,
            layers=layers,
        )

    others = {other: dispatcher(other.queue) for other in consumer.others}
    return MessageDispatcher(consumer, dispatcher(consumer.queue), others)

"""Run the shop on real-shaped orders, and count what became of each.

    python -m examples

starts an SNS and SQS on this machine, three workers, and a publisher that sends `orders.jsonl` as it is,
broken lines and all. Then it checks that every copy of every order was handled or stands in a dead-letter
queue.
"""

import sys
import time
from collections.abc import Iterator

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from pubsub_tasks import default_tasks
from pubsub_tasks.environments.local_broker import LocalBroker, local
from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.processes.service import Service, ServiceOptions, create_service
from pubsub_tasks.wire.records import MAX_BATCH, Outgoing, Sent

from .orders import OrderPlaced, orders

PATIENCE = 60
"""Seconds after which the run is given up: something was lost."""


def main() -> int:
    console = Console()
    bodies = list(orders())
    with local(default_tasks) as world:
        services = list(workers(world))
        for each in services:
            each.worker.start()
        started = time.monotonic()
        publish(world, bodies, console)
        settled = wait_for(services, len(bodies), console)
        for each in services:
            each.worker.stop(grace=5)
        console.print(report(services, len(bodies), time.monotonic() - started))
        lost = sum(len(bodies) - outcomes(each) for each in services)
        letters = sum(
            each.dead_letter_queue.attributes().visible for each in services if each.dead_letter_queue
        )
        told = sum(each.worker.counters.dead_lettered.total() for each in services)
    fate = "nothing is lost" if settled and not lost else f"{lost} MESSAGES ARE LOST"
    console.print(f"{told} dead letters were sent, {letters} stand in their queues; {fate}")
    return 0 if settled and not lost and letters == told else 1


def workers(world: LocalBroker) -> Iterator[Service]:
    for name, url in world.provisioned.queue_urls.items():
        # Short polls, since an open one is waited for when a worker stops.
        yield create_service(
            world.transport, default_tasks, url, ServiceOptions(Capacity(wait=1), queue=name)
        )


def publish(world: LocalBroker, bodies: list[str], console: Console) -> None:
    """Send the lines as they are, as another system would."""
    topic = world.provisioned.topic_arns[OrderPlaced.MEDIA_TYPE]
    publisher = world.transport.publisher()
    with Progress(console=console) as progress:
        bar = progress.add_task("publishing orders", total=len(bodies))
        for start in range(0, len(bodies), MAX_BATCH):
            batch = [Outgoing(body) for body in bodies[start : start + MAX_BATCH]]
            answers = publisher.publish(topic, batch)
            if not all(isinstance(answer, Sent) for answer in answers):
                raise RuntimeError(f"not published: {answers}")
            progress.advance(bar, len(batch))


def wait_for(services: list[Service], published: int, console: Console) -> bool:
    """Until each copy is handled or dead-lettered."""
    deadline = time.monotonic() + PATIENCE
    with Progress(console=console) as progress:
        bar = progress.add_task("handling copies  ", total=published * len(services))
        while time.monotonic() < deadline:
            done = sum(outcomes(each) for each in services)
            progress.update(bar, completed=done)
            if done >= published * len(services):
                return True
            time.sleep(0.1)
    return False


def outcomes(each: Service) -> int:
    """How many copies of this queue are accounted for."""
    counters = each.worker.counters
    return counters.acked + counters.skipped + counters.dropped + counters.dead_lettered.total()


def report(services: list[Service], published: int, seconds: float) -> Table:
    """One row a queue."""
    table = Table(title=f"{published:,} orders to {len(services)} queues in {seconds:.1f} s")
    for heading in ("task", "handled", "retries", "dead-lettered", "why"):
        table.add_column(heading, justify="left" if heading in ("task", "why") else "right")
    for each in services:
        counters = each.worker.counters
        why = ", ".join(f"{reason} {count}" for reason, count in counters.dead_lettered.most_common())
        letters = counters.dead_lettered.total()
        names = ", ".join(task.name.rpartition(".")[2] for task in each.tasks)
        table.add_row(names, f"{counters.acked:,}", f"{counters.retried:,}", f"{letters:,}", why)
    return table


if __name__ == "__main__":
    sys.exit(main())

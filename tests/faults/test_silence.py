"""Connections that go silent: no lease is lost for it, however short it is."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from pubsub_tasks import Tasks, task
from pubsub_tasks.in_flight.capacity import Capacity
from pubsub_tasks.processes.service import ServiceOptions, create_service
from pubsub_tasks.tasks.events import Lost
from pubsub_tasks.transports.aws.clients import ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport
from pubsub_tasks.worker.worker import Worker
from tests.faults.effects import Effect
from tests.faults.proxy import Proxy
from tests.faults.world import PATIENCE, World, until

pytestmark = pytest.mark.timeout(300)

EXTENDING = "ChangeMessageVisibilityBatch"


class Held:
    """Handlers that keep their messages until they are told to end."""

    def __init__(self, url: str, lease: int, fast_path: bool) -> None:
        self.world, self.lease = World(url), lease
        self.running, self.end = Event(), Event()
        self.lost: list[object] = []
        self.proxy = Proxy(url)
        self.settings = ClientSettings(endpoint_url=self.proxy.url, wait=1, lease=lease, fast_path=fast_path)
        self.tasks = Tasks()
        self.handled: list[int] = []
        task(Effect, tasks=self.tasks)(self._handle)

    def _handle(self, number: int) -> None:
        self.running.set()
        self.end.wait(PATIENCE)
        self.handled.append(number)

    def worker(self) -> Worker:
        capacity = Capacity(threads=4, visibility=self.lease, wait=1)
        return create_service(
            AwsTransport(self.settings),
            self.tasks,
            self.world.queue.url,
            ServiceOptions(capacity, observers=[self._observe]),
        ).worker

    def _observe(self, event: object) -> None:
        if isinstance(event, Lost):
            self.lost.append(event)


def extended_over_dead_connections(url: str, lease: int, fast_path: bool) -> None:
    # Given handlers that take longer than the lease, which was extended before
    held = Held(url, lease, fast_path)
    with held.proxy as proxy:
        held.world.publish(range(4))
        worker = held.worker()
        worker.start()
        try:
            held.running.wait(PATIENCE)
            until(lambda: proxy.made(EXTENDING) >= 1)

            # When every connection that stands goes silent
            proxy.freeze()
            extended = proxy.made(EXTENDING)

            # Then the lease is extended over another, in time, again and again
            until(lambda: held.lost or proxy.made(EXTENDING) >= extended + 2)
            held.end.set()
            until(lambda: held.lost or not held.world.left())
        finally:
            held.end.set()
            worker.stop(PATIENCE)
    assert held.lost == [], f"lost with a lease of {lease} s"
    assert sorted(held.handled) == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "leases", [pytest.param((5, 10), id="quick"), pytest.param((20, 30), marks=pytest.mark.slow, id="long")]
)
def test_no_lease_is_lost_to_connections_that_went_silent(world: World, leases: tuple[int, ...]) -> None:
    """Side by side: they mostly wait."""
    cases = [(lease, fast_path) for lease in leases for fast_path in (True, False)]
    with ThreadPoolExecutor(len(cases)) as pool:
        futures = [pool.submit(extended_over_dead_connections, world.url, *case) for case in cases]
        for future in futures:
            future.result()

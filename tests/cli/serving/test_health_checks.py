"""What `--health-port` answers."""

from pubsub_tasks.cli.serving.health_checks import service_checks
from pubsub_tasks.processes.service import ServiceOptions, create_service
from pubsub_tasks.telemetry.health_server import PATHS
from pubsub_tasks.telemetry.recent_activity import RecentActivity
from pubsub_tasks.testing.clock import VirtualClock
from tests.worker.shop import Shop


def test_a_worker_that_has_not_started_is_alive_and_not_ready() -> None:
    shop = Shop()
    shop.task()(lambda number: None)
    made = create_service(shop.transport, shop.tasks, shop.queue.url, ServiceOptions())
    answers = service_checks([made], RecentActivity(VirtualClock()))

    assert sorted(answers) == sorted(PATHS)
    assert answers["/healthz"]() == (True, {"orders": True})
    assert answers["/readyz"]() == (False, {"orders": False})
    well, status = answers["/status"]()
    assert well
    assert status["queues"][0]["running"] == []

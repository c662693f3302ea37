"""What `--health-port` answers."""

from pubsub_tasks.cli.serving.health_checks import child_checks, service_checks
from pubsub_tasks.processes.child_process import ChildProcess
from pubsub_tasks.processes.service import ServiceOptions, create_service
from pubsub_tasks.processes.supervised_process import ProcessShare
from pubsub_tasks.telemetry.health_server import PATHS, health
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


def test_the_processes_are_healthy_if_each_one_is() -> None:
    children = [ChildProcess(ProcessShare("one")), ChildProcess(ProcessShare("two"))]
    answers = child_checks(children)
    with (
        health("127.0.0.1", 0, {"/readyz": lambda: (True, "yes")}) as one,
        health("127.0.0.1", 0, {"/readyz": lambda: (False, "not yet")}) as two,
    ):
        children[0].reported["health"] = one
        assert answers["/readyz"]() == (False, {"one": "yes", "two": "starting"})
        children[1].reported["health"] = two
        assert answers["/readyz"]() == (False, {"one": "yes", "two": "not yet"})
    well, said = answers["/healthz"]()
    assert not well
    assert said["one"].startswith("no answer")


def test_a_restarting_process_does_not_get_the_others_killed() -> None:
    answers = child_checks([ChildProcess(ProcessShare("one"))])

    assert answers["/healthz"]() == (True, {"one": "starting"})
    assert answers["/readyz"]() == (False, {"one": "starting"})

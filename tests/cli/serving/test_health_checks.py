"""What `--health-port` answers."""

from pubsub_tasks.cli.serving.health_checks import of_children, of_services
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
    answers = of_services([made], RecentActivity(VirtualClock()))

    assert sorted(answers) == sorted(PATHS)
    assert answers["/healthz"]() == (True, {"orders": True})
    assert answers["/readyz"]() == (False, {"orders": False})
    well, status = answers["/status"]()
    assert well
    assert status["queues"][0]["running"] == []


def test_processes_are_well_when_all_are() -> None:
    children = [ChildProcess(ProcessShare("one")), ChildProcess(ProcessShare("two"))]
    answers = of_children(children)
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


def test_one_that_is_started_anew_is_no_reason_to_kill_the_others() -> None:
    answers = of_children([ChildProcess(ProcessShare("one"))])

    assert answers["/healthz"]() == (True, {"one": "starting"})
    assert answers["/readyz"]() == (False, {"one": "starting"})

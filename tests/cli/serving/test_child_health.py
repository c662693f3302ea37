"""What `--health-port` of a supervisor answers."""

from threading import Barrier

from pubsub_tasks.cli.serving.child_health import child_checks
from pubsub_tasks.processes.child_process import ChildProcess
from pubsub_tasks.processes.supervised_process import ProcessShare
from pubsub_tasks.telemetry.health_server import health


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


def test_processes_are_asked_at_once_since_each_may_take_long() -> None:
    # Given two processes that answer when both are asked
    children = [ChildProcess(ProcessShare("one")), ChildProcess(ProcessShare("two"))]
    both = Barrier(2)

    def alive() -> tuple[bool, str]:
        both.wait(30)
        return True, "yes"

    with (
        health("127.0.0.1", 0, {"/healthz": alive}) as one,
        health("127.0.0.1", 0, {"/healthz": alive}) as two,
    ):
        children[0].reported["health"], children[1].reported["health"] = one, two

        assert child_checks(children)["/healthz"]() == (True, {"one": "yes", "two": "yes"})


def test_a_restarting_process_does_not_get_the_others_killed() -> None:
    answers = child_checks([ChildProcess(ProcessShare("one"))])

    assert answers["/healthz"]() == (True, {"one": "starting"})
    assert answers["/readyz"]() == (False, {"one": "starting"})

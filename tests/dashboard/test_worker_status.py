"""What is read from the /status of workers, however odd."""

import pytest

from pubsub_tasks.dashboard.measures.worker_status import RunningTask, read_status

QUEUE = {
    "queue": "shop-orders",
    "draining": False,
    "slots": {"threads": 8, "coroutines": 0},
    "running": [
        {
            "task": "shop.bill",
            "message_id": "m-1",
            "attempt": 2,
            "seconds": 3.5,
            "lease_left": 20.0,
            "lost": False,
        }
    ],
    "buffered": 2,
    "waiting_in_hand": 1,
    "settling": 1,
    "counts": {"acked": 7, "skipped": 1, "dropped": 1, "retried": 3, "dead_lettered": {"exhausted": 2}},
    "troubles": ["receives fail"],
}
ANSWER = {"pid": 7, "version": "1.0", "queues": [QUEUE], "errors": [{"task": "shop.bill", "error": "no"}]}


def test_an_answer_of_something_else_is_shown_in_short() -> None:
    (process,) = read_status("box:1", ["x"] * 1_000_000)

    assert len(process.problem) < 10_000


def test_a_worker_tells_what_it_runs_and_has_done() -> None:
    (process,) = read_status("box:8080", ANSWER)
    (queue,) = process.queues

    assert (process.name, process.pid, process.errors) == ("box:8080", 7, ["shop.bill: no"])
    assert (queue.queue, queue.slots, queue.in_hand, queue.handled) == ("shop-orders", 8, 5, 11)
    assert queue.running == [RunningTask("shop.bill", "m-1", 2, 3.5, 20.0, False)]
    assert (queue.retried, queue.dead_lettered, queue.troubles) == (3, 2, ["receives fail"])


def test_a_recent_error_is_told_with_its_time_verdict_and_text() -> None:
    error = {
        "at": 1_000_000_000.5,
        "task": "shop.bill",
        "verdict": "retry in 5.0 s",
        "error": "LookupError",
        "text": "no such customer",
    }

    (process,) = read_status("box", {**ANSWER, "errors": [error]})

    assert process.errors == [
        "2001-09-09 01:46:40 UTC, shop.bill: retry in 5.0 s: LookupError: no such customer"
    ]


def test_a_supervisor_tells_of_several_processes() -> None:
    processes = list(read_status("box:8080", {"orders-1": ANSWER, "orders-2": "starting"}))

    assert [each.name for each in processes] == ["box:8080 orders-1", "box:8080 orders-2"]
    assert [each.problem for each in processes] == ["", "starting"]


def test_several_supervisors_tell_of_the_processes_of_each() -> None:
    processes = list(read_status("shop", {"10.0.0.7": {"orders-1": ANSWER}, "10.0.0.8": ANSWER}))

    assert [(each.name, each.pid) for each in processes] == [
        ("shop 10.0.0.7 orders-1", 7),
        ("shop 10.0.0.8", 7),
    ]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        "no answer: refused",
        {"there is": ["/"]},
        {"a": {"b": {"c": {"d": 1}}}},
        {"queues": [1, {}]},
    ],
)
def test_an_odd_answer_is_told_as_a_problem_or_left_out(answer: object) -> None:
    (process,) = read_status("box", answer)

    assert process.problem or answer == {"queues": [1, {}]}


@pytest.mark.parametrize("odd", [None, "x", [], {}, float("nan"), float("inf"), 1e300, True])
def test_odd_values_count_for_nothing(odd: object) -> None:
    names = {*QUEUE, "pid", "version", "errors"}
    answers = [{**ANSWER, name: odd, "queues": [{**QUEUE, name: odd}]} for name in names]

    for answer in answers:
        (process,) = read_status("box", answer)
        assert process.queues[0].handled in (11, 0)

"""Several processes under one: real ones, each a few lines of Python that report as a worker does."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

import pytest

from pubsub_tasks.processes.restarts import BAD_INPUT, CUT, DONE, WORN
from pubsub_tasks.processes.supervised_process import ProcessShare
from pubsub_tasks.processes.supervisor import Supervisor
from tests.worker.shops import PATIENCE, until

PARTS = [ProcessShare("orders-1", "https://sqs/orders"), ProcessShare("orders-2", "https://sqs/orders")]

START = """
import os, pathlib, signal, sys
from pubsub_tasks.processes.supervised_process import supervised
me = supervised()
name = me.part.name
starts = pathlib.Path(name)
starts.write_text(starts.read_text() + "x" if starts.exists() else "x")
times = len(starts.read_text())
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def supervisor(script: str, parts: Sequence[ProcessShare] = PARTS, grace: float = PATIENCE) -> Supervisor:
    path = os.pathsep.join(path for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": path}
    return Supervisor([sys.executable, "-c", START + script], parts, grace, environment, margin=0.2)


def meanwhile(supervised: Supervisor, *numbers: signal.Signals) -> None:
    """Send these signals to this process once all children are ready."""

    def work() -> None:
        until(lambda: all(child.said.get("ready") for child in supervised.children))
        for number in numbers:
            os.kill(os.getpid(), number)
            until(lambda: supervised.stopping)

    Thread(target=work, daemon=True).start()


def test_each_part_has_a_process_and_their_counts_are_added_up(
    place: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "pubsub_tasks")

    code = supervisor("me.report(ready=True); me.report(summary={'received': 2, 'acked': 1})").run()

    assert code == DONE
    assert "all 2 processes ended: received 4, acked 2" in caplog.text


def test_a_single_process_is_not_counted(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "pubsub_tasks")
    alone = Supervisor([], [ProcessShare("orders")], 1, {})
    alone.children[0].starts_at = None

    alone.run()

    assert "the process ended: nothing was received" in caplog.text


def test_one_that_dies_is_started_again(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    code = supervisor(
        "me.report(ready=True)\nif name == 'orders-1' and times == 1: os.kill(os.getpid(), signal.SIGKILL)"
    ).run()

    assert code == DONE
    assert (place / "orders-1").read_text() == "xx"
    assert (place / "orders-2").read_text() == "x"
    assert "orders-1: ended with SIGKILL, is started again in 1 s" in caplog.text


def test_one_that_is_worn_is_started_again(place: Path) -> None:
    code = supervisor(f"me.report(ready=True)\nsys.exit({WORN} if times == 1 else 0)", PARTS[:1]).run()

    assert code == DONE
    assert (place / "orders-1").read_text() == "xx"


def test_what_is_wrong_with_the_call_is_said_once(place: Path, caplog: pytest.LogCaptureFixture) -> None:
    code = supervisor(f"sys.exit({BAD_INPUT})").run()

    assert code == BAD_INPUT
    assert not (place / "orders-2").exists()
    assert "is given up" in caplog.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_passed_on(place: Path, number: signal.Signals) -> None:
    supervised = supervisor(
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\nme.report(ready=True)\nsignal.pause()"
    )
    meanwhile(supervised, number)

    assert supervised.run() == DONE
    assert [(place / part.name).read_text() for part in PARTS] == ["x", "x"]


def test_what_was_cut_is_told_by_the_exit_code(place: Path) -> None:
    supervised = supervisor(
        f"signal.signal(signal.SIGTERM, lambda *_: sys.exit({CUT}))\nme.report(ready=True)\nsignal.pause()"
    )
    meanwhile(supervised, signal.SIGTERM)

    assert supervised.run() == CUT


def test_one_that_does_not_end_is_killed(place: Path) -> None:
    supervised = supervisor(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nme.report(ready=True)\nwhile True: signal.pause()",
        grace=0.1,
    )
    meanwhile(supervised, signal.SIGTERM)

    assert supervised.run() == CUT


def test_a_second_signal_shortens_the_grace(place: Path) -> None:
    supervised = supervisor(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nme.report(ready=True)\nwhile True: signal.pause()",
        grace=1_000_000,
    )
    meanwhile(supervised, signal.SIGTERM, signal.SIGTERM)

    assert supervised.run() == CUT


def test_a_process_notices_that_its_supervisor_is_gone(place: Path) -> None:
    ours, theirs = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", START + "me.watch(lambda: os._exit(7))\nsignal.pause()"],
        stdin=subprocess.PIPE,
        pass_fds=(theirs,),
        env={**os.environ, **PARTS[0].environment(theirs), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdin is not None
    process.stdin.close()

    assert process.wait(PATIENCE) == 7
    os.close(ours)
    os.close(theirs)


def test_what_a_process_starts_itself_is_not_supervised(place: Path) -> None:
    code = supervisor(
        "from pubsub_tasks.processes.supervised_process import VARIABLE\nme.report(ready=True)\n"
        "sys.exit(9 if VARIABLE in os.environ else 0)",
        PARTS[:1],
    ).run()

    assert code == DONE

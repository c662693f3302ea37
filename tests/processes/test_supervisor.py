"""The supervisor with real child processes: short scripts that report as a worker does."""

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from threading import Thread

import pytest

from pubsub_tasks.processes.exit_codes import BAD_INPUT, INCOMPLETE, RECYCLE, SUCCESS
from pubsub_tasks.processes.supervised_process import ProcessShare
from pubsub_tasks.processes.supervisor import Supervisor
from tests.worker.shop import PATIENCE, until

SHARES = [ProcessShare("orders-1", "https://sqs/orders"), ProcessShare("orders-2", "https://sqs/orders")]

START = """
import os, pathlib, signal, sys
from pubsub_tasks.processes.supervised_process import supervised
me = supervised()
name = me.share.name
starts = pathlib.Path(name)
starts.write_text(starts.read_text() + "x" if starts.exists() else "x")
times = len(starts.read_text())
"""


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def supervisor(script: str, shares: Sequence[ProcessShare] = SHARES, grace: float = PATIENCE) -> Supervisor:
    path = os.pathsep.join(path for path in sys.path if path)
    environment = {**os.environ, "PYTHONPATH": path}
    return Supervisor([sys.executable, "-c", START + script], shares, grace, environment, margin=0.2)


def send_signals(supervised: Supervisor, *numbers: signal.Signals) -> None:
    """Send signals to this process once all children are ready, from another thread."""

    def work() -> None:
        until(lambda: all(child.reported.get("ready") for child in supervised.children))
        for number in numbers:
            os.kill(os.getpid(), number)
            until(lambda: supervised.stopping)

    Thread(target=work, daemon=True).start()


def test_each_share_gets_a_process_and_the_counts_are_added_up(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "pubsub_tasks")

    code = supervisor("me.report(ready=True); me.report(summary={'received': 2, 'acked': 1})").run()

    assert code == SUCCESS
    assert "all 2 processes ended: received 4, acked 2" in caplog.text


def test_the_summary_of_a_single_process_names_no_number(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "pubsub_tasks")
    alone = Supervisor([], [ProcessShare("orders")], 1, {})
    alone.children[0].starts_at = None

    alone.run()

    assert "the process ended: nothing was received" in caplog.text


def test_a_child_that_is_killed_is_restarted(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    code = supervisor(
        "me.report(ready=True)\nif name == 'orders-1' and times == 1: os.kill(os.getpid(), signal.SIGKILL)"
    ).run()

    assert code == SUCCESS
    assert (directory / "orders-1").read_text() == "xx"
    assert (directory / "orders-2").read_text() == "x"
    assert "orders-1: ended with SIGKILL, restarting in 1 s" in caplog.text


def test_a_child_that_the_system_cannot_start_is_started_later(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a command that there is only after the first try
    command = directory / "worker"
    alone = Supervisor([str(command)], SHARES[:1], PATIENCE, {})

    def install() -> None:
        until(lambda: "orders-1: cannot be started: " in caplog.text)
        (directory / "new").write_text("#!/bin/sh\n")
        (directory / "new").chmod(0o755)
        (directory / "new").rename(command)

    Thread(target=install, daemon=True).start()
    assert alone.run() == SUCCESS
    assert "restarting in 1 s" in caplog.text


def test_a_child_that_asks_to_be_recycled_is_restarted(directory: Path) -> None:
    code = supervisor(f"me.report(ready=True)\nsys.exit({RECYCLE} if times == 1 else 0)", SHARES[:1]).run()

    assert code == SUCCESS
    assert (directory / "orders-1").read_text() == "xx"


def test_a_bad_command_line_is_reported_once(directory: Path, caplog: pytest.LogCaptureFixture) -> None:
    code = supervisor(f"sys.exit({BAD_INPUT})").run()

    assert code == BAD_INPUT
    assert not (directory / "orders-2").exists()
    assert "is not restarted" in caplog.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_is_passed_to_the_children(directory: Path, number: signal.Signals) -> None:
    supervised = supervisor(
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\nme.report(ready=True)\nsignal.pause()"
    )
    send_signals(supervised, number)

    assert supervised.run() == SUCCESS
    assert [(directory / share.name).read_text() for share in SHARES] == ["x", "x"]


def test_the_exit_code_reports_that_a_child_was_cut(directory: Path) -> None:
    supervised = supervisor(
        f"signal.signal(signal.SIGTERM, lambda *_: sys.exit({INCOMPLETE}))\n"
        "me.report(ready=True)\nsignal.pause()"
    )
    send_signals(supervised, signal.SIGTERM)

    assert supervised.run() == INCOMPLETE


def test_a_child_that_ignores_sigterm_is_killed_after_the_grace(directory: Path) -> None:
    supervised = supervisor(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nme.report(ready=True)\nwhile True: signal.pause()",
        grace=0.1,
    )
    send_signals(supervised, signal.SIGTERM)

    assert supervised.run() == INCOMPLETE


def test_a_second_signal_shortens_the_grace(directory: Path) -> None:
    supervised = supervisor(
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\nme.report(ready=True)\nwhile True: signal.pause()",
        grace=1_000_000,
    )
    send_signals(supervised, signal.SIGTERM, signal.SIGTERM)

    assert supervised.run() == INCOMPLETE


def test_a_child_notices_that_its_supervisor_is_gone(directory: Path) -> None:
    our_end, its_end = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", START + "me.watch(lambda: os._exit(7))\nsignal.pause()"],
        stdin=subprocess.PIPE,
        pass_fds=(its_end,),
        env={**os.environ, **SHARES[0].environment(its_end), "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert process.stdin is not None
    process.stdin.close()

    assert process.wait(PATIENCE) == 7
    os.close(our_end)
    os.close(its_end)


def test_a_subprocess_of_a_child_is_not_supervised(directory: Path) -> None:
    code = supervisor(
        "from pubsub_tasks.processes.supervised_process import VARIABLE\nme.report(ready=True)\n"
        "sys.exit(9 if VARIABLE in os.environ else 0)",
        SHARES[:1],
    ).run()

    assert code == SUCCESS

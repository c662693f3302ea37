"""Forks: whatever moment one comes at, the child finds nothing half made, and no handler of ours."""

import os
import subprocess
import sys
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any

import pytest

from pubsub_tasks.lifecycle import forks
from pubsub_tasks.worker.time_limits import Interrupted
from tests.worker.shop import PATIENCE

FIRST_PUBLISH = """
import os, signal, sys, time
from threading import Event, Thread
from pubsub_tasks import Tasks

made, begun, forking = [], Event(), Event()

def make(tasks):
    made.append(os.getpid())
    begun.set()
    forking.wait()
    time.sleep(0.2)
    return "producer"

tasks = Tasks(make)
first = Thread(target=lambda: tasks.producer)
first.start()
begun.wait()
os.register_at_fork(before=forking.set)
pid = os.fork()
if pid == 0:
    signal.alarm(20)
    os._exit(0 if (tasks.producer, len(made)) == ("producer", 1) else 1)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""

FIRST_IMPORT = """
import builtins, os, signal, sys
from threading import Event, Thread
from pubsub_tasks.wire import serialization

builtins.begun, builtins.forking = Event(), Event()
Thread(target=serialization._kombu).start()
begun.wait()
os.register_at_fork(before=forking.set)
pid = os.fork()
if pid == 0:
    signal.alarm(20)
    serialization._kombu()
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""

FROM_WITHIN = """
import os, sys
from pubsub_tasks import Tasks

def make(tasks):
    pid = os.fork()
    if pid == 0:
        os._exit(5)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

sys.exit(Tasks(make).producer)
"""

SIGNALS = """
import os, signal, sys
from pubsub_tasks.lifecycle import forks

def ours(number, frame):
    print("taken", flush=True)

with forks.handled_signals({signal.SIGTERM: ours}):
    pid = os.fork()
    if pid == 0:
        signal.pause()
    os.kill(pid, signal.SIGTERM)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.kill(os.getpid(), signal.SIGTERM)
sys.exit(0 if code == -signal.SIGTERM and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL else 1)
"""

OTHERS = """
import os, signal, sys
from pubsub_tasks.lifecycle import forks

def ours(number, frame): ...
def theirs(number, frame): os._exit(9)

with forks.handled_signals({signal.SIGTERM: ours}):
    signal.signal(signal.SIGTERM, theirs)
    pid = os.fork()
    if pid == 0:
        signal.pause()
    os.kill(pid, signal.SIGTERM)
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


@pytest.mark.parametrize(
    ("script", "code"),
    [(FIRST_PUBLISH, 0), (FROM_WITHIN, 5), (OTHERS, 9)],
    ids=["during the first publish of another thread", "from within it", "with a handler of the application"],
)
def test_a_fork(script: str, code: int) -> None:
    done = subprocess.run([sys.executable, "-c", script], timeout=60, env=dict(os.environ), check=False)
    assert done.returncode == code


def test_a_fork_during_the_first_import_of_a_library(tmp_path: Path) -> None:
    # Given a library that is being imported by another thread
    (tmp_path / "kombu").mkdir()
    (tmp_path / "kombu" / "__init__.py").touch()
    slow = "import time\nbegun.set()\nforking.wait()\ntime.sleep(0.2)\n"
    (tmp_path / "kombu" / "serialization.py").write_text(slow)
    # When a process is forked, then it can import that too
    done = subprocess.run([sys.executable, "-c", FIRST_IMPORT], timeout=60, cwd=tmp_path, check=False)
    assert done.returncode == 0


def test_a_signal_ends_the_child_and_is_taken_by_the_parent_alone() -> None:
    done = subprocess.run([sys.executable, "-c", SIGNALS], timeout=60, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"taken\n")


@pytest.mark.parametrize("number", range(1, 30))
def test_an_exception_on_the_way_into_a_block_or_out_of_it_does_not_keep_forks_blocked(number: int) -> None:
    """A handler's time limit strikes anywhere, and its exception is kept until the message is settled."""
    # Given a block during which an exception strikes, as soon as code other than the block's own runs
    kept: list[BaseException] = []
    left = number

    def strike(frame: FrameType, event: str, argument: object) -> Any:
        nonlocal left
        left -= frame.f_code is not enter.__code__
        if not left:
            left = -1
            raise Interrupted
        return strike

    def enter() -> None:
        with forks.blocked():
            pass

    def be_interrupted() -> None:
        sys.settrace(strike)
        try:
            enter()
        except Interrupted as error:
            kept.append(error)
        finally:
            sys.settrace(None)

    # When its thread goes on
    interrupted = Thread(target=be_interrupted)
    interrupted.start()
    interrupted.join()

    # Then this one can block forks
    entered = Thread(target=enter, daemon=True)
    entered.start()
    entered.join(PATIENCE)
    assert not entered.is_alive()

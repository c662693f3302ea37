"""pubsub-tasks apply as a process whose user, network or credentials end it in the middle."""

import re
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event

import pytest

from pubsub_tasks.environments.local_broker import environment
from pubsub_tasks.local.server import LocalServer
from pubsub_tasks.untrusted.readable_counts import counted
from tests.faults.proxy import NOTHING, Fault, Plan, Proxy
from tests.integration.commands import PATIENCE, command, outcome

APP = """
from pubsub_tasks import PubSubMessageSchema, Tasks, task

tasks = Tasks()

for number in range(12):
    name = {"MEDIA_TYPE": f"application/vnd.test.pubsub._.created.thing_{number}"}

    @task(type(f"Thing{number}", (PubSubMessageSchema,), name), queue=f"queue-{number % 3}", tasks=tasks)
    def handle(): ...
"""
STEPS = 12 + 2 * 3 + 12
APPLY = ["pubsub-tasks", "apply", "--app", "things:tasks", "--prefix", "test-", "--yes"]


@dataclass(frozen=True)
class FromThirdTopic(Plan):
    """The third topic is created, if at all, after `then` was called; this and what follows meet a fault."""

    met: Fault | None = None
    then: Callable[[], None] = field(default=lambda: None)

    def fault(self, action: str, number: int) -> Fault | None:
        if action != "CreateTopic" or number < 2:
            return None
        if number == 2:
            self.then()
        return self.met


class Account:
    """A broker behind a proxy, and the directory of an app."""

    def __init__(self, server: LocalServer, proxy: Proxy, directory: Path) -> None:
        self.proxy, self.directory = proxy, directory
        self.env = environment(proxy.url) | {"PUBSUB_TASKS__SNS_TOPIC_ARNS__PREFIX": ""}

    def spoil(self, fault: Fault | None, then: Callable[[], None] = lambda: None) -> None:
        self.proxy.plan = FromThirdTopic(0, {}, met=fault, then=then)

    def assert_the_next_apply_does_the_rest(self, output: str) -> None:
        done, left = (
            int(count) for count in re.findall(r"^(?:done|left for the next apply): (\d+)", output, re.M)
        )
        assert done + left == STEPS
        assert 0 < done < STEPS
        self.proxy.plan = NOTHING
        code, again = outcome(*APPLY, cwd=self.directory, env=self.env)
        assert code == 0, again
        assert f"{counted(left, 'step')} done" in again


@pytest.fixture
def account(tmp_path: Path) -> Iterator[Account]:
    (tmp_path / "things.py").write_text(APP)
    with LocalServer() as server, Proxy(server.url) as proxy:
        yield Account(server, proxy, tmp_path)


def test_at_ctrl_c_no_step_begins_and_what_is_left_is_told(account: Account) -> None:
    is_told = Event()
    with command(*APPLY, cwd=account.directory, env=account.env) as running:

        def press_ctrl_c() -> None:
            running.signal(signal.SIGINT)
            is_told.wait(PATIENCE)  # and no other call gets through meanwhile

        account.spoil(None, press_ctrl_c)
        running.wait_for("waiting for the calls under way")
        is_told.set()
        assert running.end() == 130, running.output

    assert running.lines[-1] == "interrupted"
    assert "Traceback" not in running.output
    account.assert_the_next_apply_does_the_rest(running.output)


def test_a_second_ctrl_c_does_not_wait_for_calls_that_are_not_answered(account: Account) -> None:
    with command(*APPLY, cwd=account.directory, env=account.env) as running:
        account.spoil(Fault.SILENCE, lambda: running.signal(signal.SIGINT))
        running.wait_for("Ctrl-C again ends them")
        running.signal(signal.SIGINT)
        assert running.end() == 130, running.output

    assert running.lines[-1] == "pubsub-tasks apply: interrupted"
    assert "Traceback" not in running.output


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        (
            Fault.EXPIRED,
            2,
            "was refused: ExpiredToken: The security token",
        ),
        (Fault.LOST, 1, "failed: Connection was closed"),
    ],
)
def test_what_ends_it_in_the_middle_is_told_in_the_last_line(
    account: Account, fault: Fault, code: int, said: str
) -> None:
    account.spoil(fault)

    ended, output = outcome(*APPLY, cwd=account.directory, env=account.env)

    assert ended == code, output
    assert output.splitlines()[-1].startswith("pubsub-tasks apply: sns:CreateTopic test-")
    assert said in output.splitlines()[-1]
    if fault is Fault.EXPIRED:
        account.assert_the_next_apply_does_the_rest(output)

"""What the storms share: one broker in a process of its own, a ledger for each test, and a place to boast."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pubsub_tasks.environments.local_broker import environment
from pubsub_tasks.local.server import start_process
from tests.faults.ledger import Ledger
from tests.faults.world import World

SURVIVED = pytest.StashKey[list[str]]()

Survived = Callable[[str], None]


@pytest.fixture(scope="session")
def broker() -> Iterator[str]:
    """URL of the broker's HTTP face."""
    process = start_process()
    yield process.url
    process.stop()


@pytest.fixture
def world(broker: str, monkeypatch: pytest.MonkeyPatch) -> World:
    for name, value in environment(broker).items():
        monkeypatch.setenv(name, value)
    return World(broker)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with Ledger(tmp_path / "ledger.sqlite") as ledger:
        yield ledger


@pytest.fixture
def survived(request: pytest.FixtureRequest) -> Survived:
    """Tell what was survived; the run prints it at its end."""
    lines = request.config.stash.setdefault(SURVIVED, [])

    def tell(line: str) -> None:
        lines.append(f"{request.node.name}: {line}")

    return tell


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    lines = config.stash.get(SURVIVED, [])
    if lines:
        terminalreporter.section("survived")
        for line in sorted(lines):
            terminalreporter.write_line(line)

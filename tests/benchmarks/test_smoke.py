"""Each benchmark runs and prints its table; its figures are of no matter here.

Those that start several processes take seconds even so, and are left to `-m slow`.
"""

import boto3
import pytest

from pubsub_tasks.environments.local_broker import environment
from tests.benchmarks import __main__ as throughput
from tests.benchmarks import fifo, growth, idle, latency, memory, publishing, startup, wire

TINY = {
    "throughput": (throughput.main, "--runs=1 --messages=20 threads"),
    "canned": (throughput.main, "--runs=1 --messages=20 --endpoint=canned bare threads"),
    "two processes": (throughput.main, "--runs=1 --messages=20|2 processes"),
    "growth": (growth.main, "--runs=1 --messages=20 --slots 8 --kinds threads"),
    "fifo": (fifo.main, "--runs=1 --messages=20 --groups 1"),
    "latency": (latency.main, "--runs=1 --messages=2"),
    "startup": (startup.main, "--runs=1"),
    "idle": (idle.main, "--seconds=0.1 --wait-seconds=0"),
    "memory": (memory.main, "--messages=40 --waiting=20"),
    "publishing": (publishing.main, "--runs=1 --messages=40"),
    "wire": (wire.main, "--runs=1 --calls=1"),
}


@pytest.fixture(autouse=True)
def an_environment_that_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in environment(""):
        monkeypatch.setenv(name, "")
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)


QUICK = {"throughput", "canned", "latency", "idle"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.slow]) for name in TINY]
)
def test_a_benchmark_prints_its_table(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    main, told = TINY[name]
    options, *contenders = told.split("|")
    main([*options.split(), *contenders])
    assert "━" in capsys.readouterr().out

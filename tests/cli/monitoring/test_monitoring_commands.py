"""`pubsub-tasks dashboard` and `top` as their users type them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pubsub_tasks.cli import find_app, worker
from pubsub_tasks.cli.root_command import command
from pubsub_tasks.environments.local_broker import local

NAME = "app_of_test_monitoring_commands"
APP = """
from pubsub_tasks import Tasks, handles

tasks = Tasks()

@handles("application/vnd.shop.pubsub._.created.order", queue="orders", tasks=tasks)
def bill(message): ...
"""
PREFIX = "PUBSUB_TASKS__SQS_QUEUE_URLS__PREFIX"


def run(*arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments, "--app", f"{NAME}:tasks"])


@pytest.fixture(autouse=True)
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    (tmp_path / f"{NAME}.py").write_text(APP)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    yield
    sys.modules.pop(NAME, None)


def test_top_shows_each_queue_and_a_worker_that_does_not_answer() -> None:
    with local(find_app.load(f"{NAME}:tasks")):
        result = run("top", "--once", "--worker", "127.0.0.1:1")

    assert result.exit_code == 0, result.output
    assert "orders" in result.output
    assert "▁" in result.output, "the chart ends with the latest look"
    assert "worker 127.0.0.1:1: no answer" in " ".join(result.output.split())
    assert [line.split()[:3] for line in result.output.splitlines() if line.startswith("orders")] == [
        ["orders", "0", "0"]
    ]


def test_top_names_a_queue_that_cannot_be_read_below_the_table() -> None:
    with local(find_app.load(f"{NAME}:tasks")) as broker:
        url = broker.provisioned.queue_urls["orders"]
        broker.transport.client("sqs").delete_queue(QueueUrl=url)
        result = run("top", "--once")

    assert result.exit_code == 0, result.output
    lines = result.output.splitlines()
    assert [line.split()[:3] for line in lines if line.startswith("orders")] == [["orders", "-", "-"]]
    assert lines[-1].startswith("queue orders: there is no queue at ")


@pytest.mark.parametrize("name", ["dashboard", "top"])
def test_without_credentials_none_of_them_begins(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PREFIX, "https://sqs.eu-west-1.amazonaws.com/000000000000/")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for variable in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_PROFILE"):
        monkeypatch.delenv(variable, raising=False)

    result = run(name)

    assert (result.exit_code, len(result.output.splitlines())) == (2, 1)
    assert "no AWS credentials" in result.output


@pytest.mark.parametrize("name", ["dashboard", "top"])
def test_a_queue_without_a_url_is_told(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PREFIX, raising=False)

    result = run(name)

    assert result.exit_code == 2
    assert "no URL is configured for the queue 'orders'" in result.output
    assert PREFIX in result.output


@pytest.mark.parametrize(
    ("flags", "told"),
    [
        (["--host", "0.0.0.0"], "PUBSUB_TASKS_DASHBOARD_TOKEN"),
        (["--token", "short"], "the token has 5 characters: give at least 16"),
        (["--worker", "ftp://x"], "write host:port"),
        (["--host", "no.such.host.invalid", "--token", "0123456789abcdef"], "--host no.such.host.invalid"),
    ],
)
def test_a_dashboard_that_must_not_start_says_why_in_one_line(
    flags: list[str], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PREFIX, "http://127.0.0.1:1/000000000000/")
    monkeypatch.setenv("AWS_REGION", "us-east-1")

    result = run("dashboard", *flags)

    assert result.exit_code == 2
    assert told in result.output
    assert len(result.output.splitlines()) == 1


def test_without_the_extra_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PREFIX, "http://127.0.0.1:1/000000000000/")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.delitem(sys.modules, "pubsub_tasks.dashboard.web.web_server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)

    result = run("dashboard")

    assert result.exit_code == 2
    assert "pip install 'pubsub-tasks[dashboard]'" in result.output


@pytest.mark.parametrize("flags", [[], ["--local", "--processes", "2"], ["--local", "--reload"]])
def test_a_worker_opens_a_dashboard_for_local_alone(flags: list[str]) -> None:
    result = CliRunner().invoke(worker.command, ["--dashboard", *flags, "--app", f"{NAME}:tasks"])

    assert result.exit_code == 2
    assert "--dashboard is for --local in one process" in result.output

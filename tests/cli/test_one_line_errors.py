"""What is wrong with a call is told in one line, whichever command was called."""

from collections.abc import Callable
from inspect import signature

import click
import pytest
from click.testing import CliRunner, Result

from pubsub_tasks.cli import root_command, worker
from pubsub_tasks.cli.one_line_errors import OneLineCommand
from pubsub_tasks.errors import ConfigurationError

# Until click 8.2 the two streams were one unless asked otherwise.
RUNNER = CliRunner(**({"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}))


def told(result: Result) -> str:
    """The only line that was printed."""
    (line,) = result.stderr.splitlines()
    assert (result.exit_code, result.stdout) == (2, "")
    return line


@pytest.mark.parametrize(
    ("command", "line", "expected"),
    [
        (worker.command, "--colour", "pubsub-worker: No such option"),
        (
            worker.command,
            "--concurrency many",
            "pubsub-worker: Invalid value for '--concurrency': 'many' is not a valid whole number.",
        ),
        (
            worker.command,
            "--grace long",
            "pubsub-worker: Invalid value for '--grace': 'long' is not a valid number.",
        ),
        (worker.command, "--log-format xml", "pubsub-worker: Invalid value for '--log-format': 'xml'"),
        (worker.command, "--once --drain", "pubsub-worker: give --once or --drain, not both"),
        (root_command.command, "serve", "pubsub-tasks: no such command: 'serve'; there are apply, celery, "),
        (root_command.command, "tsks", "pubsub-tasks: no such command: 'tsks'; did you mean tasks?"),
        (root_command.command, "--colour", "pubsub-tasks: No such option"),
        (root_command.command, "local --port x", "pubsub-tasks local: Invalid value for '--port'"),
        (root_command.command, "dlq ls", "pubsub-tasks dlq ls: Missing option '--queue-url'"),
        (
            root_command.command,
            "dlq nothing",
            "pubsub-tasks dlq: no such command: 'nothing'; there are drop, ",
        ),
        (
            root_command.command,
            "dlq redriv",
            "pubsub-tasks dlq: no such command: 'redriv'; did you mean redrive?",
        ),
    ],
)
def test_a_call_that_click_refuses(command: click.Command, line: str, expected: str) -> None:
    name = "pubsub-worker" if command is worker.command else "pubsub-tasks"

    assert told(RUNNER.invoke(command, line.split(), prog_name=name)).startswith(expected)


def raising(error: BaseException) -> Callable[[], None]:
    def callback() -> None:
        raise error

    return callback


def test_an_error_of_ours_with_several_lines() -> None:
    command = OneLineCommand("shop", callback=raising(ConfigurationError("not so:\n  write it\n  thus")))

    assert told(RUNNER.invoke(command, [])) == "shop: not so: write it thus"


def test_ctrl_c_is_a_line_and_an_exit_code_of_its_own() -> None:
    result = RUNNER.invoke(OneLineCommand("shop", callback=raising(KeyboardInterrupt())), [])

    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "shop: interrupted\n")


def test_a_fault_keeps_its_traceback() -> None:
    fault = ZeroDivisionError()

    assert RUNNER.invoke(OneLineCommand("shop", callback=raising(fault)), []).exception is fault


def apps_fault() -> None:
    try:
        compile("def f(:", "shop.py", "exec")
    except SyntaxError as error:
        raise ConfigurationError("--app shop: shop.py:1: SyntaxError: invalid syntax") from error


@pytest.mark.parametrize("debug", [True, False])
def test_the_cause_s_traceback_is_told_with_debug(debug: bool) -> None:
    command = OneLineCommand(
        "shop", callback=lambda debug: apps_fault(), params=[click.Option(["--debug"], is_flag=True)]
    )

    result = RUNNER.invoke(command, ["--debug"] if debug else [])

    *before, last = result.stderr.splitlines()
    assert (result.exit_code, last) == (2, "shop: --app shop: shop.py:1: SyntaxError: invalid syntax")
    assert (before[:1], bool(before)) == (["Traceback (most recent call last):"] if debug else [], debug)


def test_a_group_alone_tells_its_commands() -> None:
    assert "dead letters" in RUNNER.invoke(root_command.command, []).output


@pytest.mark.parametrize("path", [(), ("local",), ("dlq",)])
def test_each_command_s_help_shows_an_example(path: tuple[str, ...]) -> None:
    named = " ".join(["pubsub-tasks", *path])
    worker_help = RUNNER.invoke(worker.command, ["--help"], prog_name="pubsub-worker").stdout
    shown = RUNNER.invoke(root_command.command, [*path, "--help"], prog_name="pubsub-tasks").stdout

    assert f"\n  {named} " in shown
    assert "\n  pubsub-worker --local --app examples.orders" in worker_help

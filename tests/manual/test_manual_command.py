"""pubsub-tasks manual: lists pages, shows one, and refuses an unknown one in one line."""

import os
import pty
import subprocess
import sys
from inspect import signature
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pubsub_tasks.cli import find_app
from pubsub_tasks.cli.root_command import command
from tests.manual.pages import MANUAL, PAGES

# Until click 8.2 the two streams were one unless asked otherwise.
RUNNER = CliRunner(**({"mix_stderr": False} if "mix_stderr" in signature(CliRunner).parameters else {}))


def manual(*arguments: str) -> Result:
    return RUNNER.invoke(command, ["manual", *arguments])


def test_without_a_page_all_pages_are_listed_with_their_titles() -> None:
    listed = manual()

    assert listed.exit_code == 0
    lines = [line.split(maxsplit=1) for line in listed.stdout.splitlines()]
    assert [name for name, _ in lines] == sorted(path.stem for path in MANUAL.glob("*.md"))
    assert ["worker", "The worker"] in lines


@pytest.mark.parametrize("name", [path.stem for path in PAGES if path.parent == MANUAL])
def test_a_page_that_is_piped_is_its_markdown(name: str) -> None:
    assert manual(name).stdout == (MANUAL / f"{name}.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", ["worker.md", "Worker", "WORKER.MD"])
def test_a_page_is_found_by_its_file_name_and_in_any_case(name: str) -> None:
    assert manual(name).stdout == manual("worker").stdout


@pytest.mark.parametrize(
    ("wrong", "near"),
    [
        ("worke", "did you mean worker?"),
        ("letters", "did you mean dead-letters?"),
        ("celery", "did you mean from-celery?"),
        ("retry", "did you mean dead-letters?"),
        ("fifo", "did you mean publishing?"),
        ("\x1b[2J", "The pages are: "),
        ("", "The pages are: "),
    ],
)
def test_an_unknown_page_is_one_line_with_near_names_and_exit_code_2(wrong: str, near: str) -> None:
    refused = manual(wrong)

    assert refused.exit_code == 2
    assert refused.stdout == ""
    assert len(refused.stderr.splitlines()) == 1
    assert near in refused.stderr
    assert "\x1b" not in refused.stderr


def test_help_shows_an_example() -> None:
    assert "pubsub-tasks manual worker" in manual("--help").stdout


def test_on_a_terminal_a_page_is_formatted_and_goes_through_the_pager(tmp_path: Path) -> None:
    # given a pager that marks what passes through it
    pager = tmp_path / "pager"
    pager.write_text("#!/bin/sh\necho PAGED\ncat\n", encoding="utf-8")
    pager.chmod(0o700)

    # when the command's output is a terminal
    shown = on_a_terminal("from pubsub_tasks.cli.root_command import main; main()", pager, "manual", "worker")

    # then the pager has it, with headings and tables in place of Markdown, and no links
    assert "PAGED" in shown
    assert "The worker" in shown
    assert "# The worker" not in shown
    assert "|---" not in shown
    assert "(#" not in shown
    assert ".md" not in shown
    assert "local-broker" in shown


def on_a_terminal(code: str, pager: Path, *arguments: str) -> str:
    main, terminal = pty.openpty()
    environment = {**os.environ, "PAGER": str(pager), "COLUMNS": "100", "TERM": "xterm"}
    with subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment,
    ) as process:
        os.close(terminal)
        shown = b"".join(read_until_closed(main))
    assert process.returncode == 0, shown
    return shown.decode()


def read_until_closed(terminal: int) -> list[bytes]:
    """What was written to a pseudo-terminal. Linux reports its end as an error."""
    read = []
    try:
        while chunk := os.read(terminal, 65_536):
            read.append(chunk)
    except OSError:
        pass
    os.close(terminal)
    return read


def test_the_entry_points_of_apps_are_those_that_the_manual_names() -> None:
    assert find_app.ENTRY_POINTS == "pubsub_tasks.tasks"
    assert f"entry points in `{find_app.ENTRY_POINTS}`" in (MANUAL / "worker.md").read_text(encoding="utf-8")

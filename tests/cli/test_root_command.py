"""Commands are listed without being imported, and imported when they run."""

import subprocess
import sys

import click
import pytest

from pubsub_tasks.cli.root_command import COMMANDS, command


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_has_the_first_sentence_of_each_commands_help(name: str) -> None:
    found = command.get_command(click.Context(command), name)

    assert found is not None
    assert found.name == name
    assert found.get_short_help_str(200) == COMMANDS[name].help


def test_help_imports_no_command_and_a_command_imports_no_other() -> None:
    def imported(arguments: str) -> set[str]:
        program = "import sys; from pubsub_tasks.cli.root_command import command; "
        program += f"command({arguments.split()}, standalone_mode=False); print('modules', *sys.modules)"
        shown = subprocess.run(
            [sys.executable, "-c", program], capture_output=True, text=True, check=True
        ).stdout
        return set(shown.splitlines()[-1].split())

    of_help, of_manual = imported("--help"), imported("manual")

    assert not {"boto3", "rich", "pubsub_tasks.cli.local", "pubsub_tasks.cli.manual"} & of_help
    assert "pubsub_tasks.cli.manual" in of_manual
    assert not {"boto3", "pubsub_tasks.cli.local", "pubsub_tasks.cli.dlq"} & of_manual

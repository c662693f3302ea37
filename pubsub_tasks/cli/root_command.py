"""The `pubsub-tasks` command. To add a command, write its module in `cli/` and add it to `COMMANDS`."""

import importlib
from typing import NamedTuple

import click

from .one_line_errors import OneLineGroup


class LazyCommand(NamedTuple):
    """A command whose module is imported when the command runs.

    Attributes:
        module: relative to this package.
        attribute: the command in it.
        help: the line in the list of commands, the first sentence of the command's own help.
    """

    module: str
    attribute: str
    help: str


COMMANDS = {
    "apply": LazyCommand(
        ".provisioning.apply_command",
        "command",
        "Create and change in AWS what an app's tasks need, after asking.",
    ),
    "celery": LazyCommand(".celery_command", "celery", "Read a Celery app, to move its tasks."),
    "dashboard": LazyCommand(
        ".monitoring.dashboard_command",
        "command",
        "Show an app's queues, workers and dead letters in the browser.",
    ),
    "dlq": LazyCommand(".dlq.command", "dlq", "Inspect, redrive, drop, export and import dead letters."),
    "doctor": LazyCommand(
        ".doctor.doctor_command", "command", "Find what differs in AWS from what the app needs."
    ),
    "export": LazyCommand(
        ".provisioning.export_command",
        "command",
        "Write what an app needs in AWS as Terraform, CloudFormation, JSON or IAM policies.",
    ),
    "local": LazyCommand(".local", "command", "Run a local SNS and SQS for development and tests."),
    "manual": LazyCommand(".manual", "command", "Show a page of the manual, or list the pages."),
    "peek": LazyCommand(
        ".messages.peek", "command", "Show messages of a queue, decoded, and put them back at once."
    ),
    "plan": LazyCommand(
        ".provisioning.plan_command", "command", "Show what has to change in AWS for an app's tasks."
    ),
    "publish": LazyCommand(
        ".messages.publish", "command", "Validate content and publish it to the topic of its media type."
    ),
    "schema": LazyCommand(
        ".schemas.schema_group",
        "schema",
        "Export an app's schemas for other programs, and compare two versions of them.",
    ),
    "status": LazyCommand(
        ".doctor.status_command",
        "command",
        "Show the app's queues: depth, in flight, delayed, dead letters, oldest message, subscriptions.",
    ),
    "tail": LazyCommand(".messages.tail", "command", "Show messages as they are published, until Ctrl-C."),
    "tasks": LazyCommand(
        ".tasks", "command", "List the tasks of an app: media type, schema, queue and retry policy."
    ),
    "top": LazyCommand(
        ".monitoring.top_command",
        "command",
        "Watch an app's queues in the terminal until Ctrl-C, as the dashboard shows them.",
    ),
}


class LazyGroup(OneLineGroup):
    """The group of `COMMANDS`. It lists them and prints its help without importing their modules."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = COMMANDS.get(cmd_name)
        if found is None:
            return None
        command: click.Command = getattr(importlib.import_module(found.module, __package__), found.attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name].help) for name in self.list_commands(ctx)])


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(package_name="pubsub-tasks")
def command() -> None:
    """Publish and look at messages, manage dead letters, run local SNS and SQS, and read the manual.

    \b
    pubsub-tasks dlq ls --queue-url URL
    pubsub-tasks manual worker
    """


def main() -> None:
    """The console script."""
    command()

"""The manual's reference tables and the code name the same things, both ways."""

import builtins
import inspect
import re
from collections.abc import Iterator
from configparser import ConfigParser
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

import click
import pytest
from microcosm.registry import _registry, get_defaults

import pubsub_tasks
import pubsub_tasks.aws_lambda
import pubsub_tasks.graph
from pubsub_tasks import Delivery, PubSubMessageSchema, handles, signals, task
from pubsub_tasks.cli import root_command, worker
from pubsub_tasks.messages.publish_options import OptionArguments
from pubsub_tasks.processes import exit_codes
from pubsub_tasks.tasks import events
from pubsub_tasks.verdicts import Reason
from tests.manual.pages import MANUAL, PAGES, ROOT, named, rows, spans, subcommands

DLQ = subcommands(subcommands(root_command.command)["dlq"])  # type: ignore[arg-type]

ELSEWHERE = {"--endpoint-url"}
"""Flags that the manual names, of other programs."""

FLAG = re.compile(r"(?<![\w-])(--?[a-zA-Z][\w-]*)")


def page(name: str) -> Path:
    return MANUAL / f"{name}.md"


def flags(command: click.Command) -> set[str]:
    """Every way to write an option of a command, `--help` excepted."""
    return {
        flag
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for flag in (*parameter.opts, *parameter.secondary_opts)
    }


def commands() -> Iterator[click.Command]:
    yield worker.command
    waiting: list[click.Command] = [root_command.command]
    while waiting:
        command = waiting.pop()
        yield command
        waiting += subcommands(command).values() if isinstance(command, click.Group) else []


def flags_named(cells: list[str]) -> set[str]:
    return {flag for cell in cells for span in named(cell) for flag in FLAG.findall(span)}


# Commands.


def test_the_table_of_the_worker_has_its_flags() -> None:
    told = flags_named([row[0] for row in rows(page("worker"), "`pubsub-worker`")])

    assert told == flags(worker.command) | {"--help", "-h"}


def test_the_table_of_the_local_broker_has_its_flags() -> None:
    told = flags_named([row[0] for row in rows(page("local-broker"), "`pubsub-tasks local`")])

    assert told == flags(subcommands(root_command.command)["local"])


@pytest.mark.parametrize("name", ["diff", "export"])
def test_the_tables_of_schema_commands_have_their_flags(name: str) -> None:
    told = flags_named([row[0] for row in rows(page("commands"), f"`pubsub-tasks schema {name}`")])

    assert told == flags(subcommands(subcommands(root_command.command)["schema"])[name])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["doctor", "peek", "publish", "status", "tail", "tasks"])
def test_the_tables_of_commands_have_their_flags(name: str) -> None:
    told = flags_named([row[0] for row in rows(page("commands"), f"`pubsub-tasks {name}`")])

    assert told == flags(subcommands(root_command.command)[name])


@pytest.mark.parametrize("name", ["dashboard", "top"])
def test_the_tables_of_the_dashboard_have_its_flags(name: str) -> None:
    told = flags_named([row[0] for row in rows(page("dashboard"), f"`pubsub-tasks {name}`")])

    assert told == flags(subcommands(root_command.command)[name])


def test_the_table_of_dead_letter_commands_has_all_of_them() -> None:
    told = {named(row[0])[0].split()[0] for row in rows(page("dead-letters"), "`pubsub-tasks dlq`")}

    assert told == set(DLQ)


@pytest.mark.parametrize("name", sorted(DLQ))
def test_the_table_of_dead_letter_options_says_which_command_has_which(name: str) -> None:
    told = flags_named([row[0] for row in rows(page("dead-letters"), "option") if is_of(name, row[1])])

    assert told == flags(DLQ[name])


def is_of(command: str, cell: str) -> bool:
    return (command in named(cell)) != cell.startswith("all")


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.name)
def test_every_flag_that_is_named_exists(each: Path) -> None:
    known = set.union(*map(flags, commands())) | ELSEWHERE | {"--help", "-h"}
    told = {flag for span in spans(each) if span.startswith("-") for flag in FLAG.findall(span)}

    assert {flag for flag in told if flag.startswith("--")} <= known


@pytest.mark.parametrize("name", ["apply", "export", "plan"])
def test_the_tables_of_provisioning_commands_have_their_flags(name: str) -> None:
    told = flags_named([row[0] for row in rows(page("going-live"), f"`pubsub-tasks {name}`")])

    assert told == flags(subcommands(root_command.command)[name])


def test_every_command_is_named_in_the_manual() -> None:
    text = " ".join(span for each in PAGES for span in spans(each))

    assert [name for name in root_command.COMMANDS if f"pubsub-tasks {name}" not in text] == []


def test_exit_codes_of_the_worker_are_those_in_its_table() -> None:
    told = {int(row[0]) for row in rows(page("worker"), "exit code")}

    of_plan = {exit_codes.CHANGES_WANTED}
    assert told | of_plan == {value for name, value in vars(exit_codes).items() if name.isupper()}


def test_exit_codes_of_dead_letter_commands_are_named() -> None:
    text = page("dead-letters").read_text(encoding="utf-8")
    (sentence,) = re.findall(r"The exit code is (0 .*?)\.", text, re.DOTALL)

    told = set(map(int, re.findall(r"(?<!counts )\b\d+\b", sentence)))
    assert told == {exit_codes.SUCCESS, exit_codes.INCOMPLETE, exit_codes.BAD_INPUT, exit_codes.INTERRUPTED}


# Declaring and publishing.


def test_the_table_of_task_options_has_all_of_them() -> None:
    assert options_named("tasks", "`@task` option") == keywords(task)


def test_the_options_of_handles_are_named() -> None:
    text = page("tasks").read_text(encoding="utf-8")
    (sentence,) = re.findall(r"It takes the\s+options (.*?), and", text, re.DOTALL)

    assert {name.rstrip("=") for name in named(sentence)} == keywords(handles)


def test_the_table_of_publishing_options_has_all_of_them() -> None:
    assert options_named("publishing", "option") == {"celery", *OptionArguments.__annotations__}


def options_named(name: str, head: str) -> set[str]:
    return {named(row[0])[0].rstrip("=") for row in rows(page(name), head)}


def keywords(function: object) -> set[str]:
    parameters = inspect.signature(function).parameters.values()  # type: ignore[arg-type]
    return {each.name for each in parameters if each.kind is inspect.Parameter.KEYWORD_ONLY}


def test_the_table_of_arguments_for_a_test_delivery_has_all_of_them() -> None:
    told = {name for row in rows(page("testing"), "`Delivery.for_test()` argument") for name in named(row[0])}

    assert told == set(inspect.signature(Delivery.for_test).parameters)


def test_what_a_delivery_is_said_to_have_it_has() -> None:
    (sentence,) = re.findall(
        r"annotated `Delivery` receives the delivery: (.*?)\.", page("tasks").read_text(), re.DOTALL
    )

    assert [name for name in named(sentence) if not hasattr(Delivery, name.partition("(")[0])] == []


def test_the_table_of_signals_has_all_that_decide() -> None:
    told = {named(row[0])[0].partition("(")[0] for row in rows(page("tasks"), "raise")}
    aliases = {"IgnoreMessage", "TTLExpired"}  # microcosm-pubsub's: see its page

    # Not `__subclasses__()`: other tests of the process make signals that must not be touched
    declared = (each for each in vars(signals).values() if isinstance(each, type))
    assert told == {each.__name__ for each in declared if each.__bases__ == (signals.Signal,)}
    assert aliases <= {name for span in spans(page("from-microcosm-pubsub")) for name in [span]}


# Settings.

SHARED = {
    "connect_timeout",
    "endpoint_url",
    "fast_path",
    "max_pool_connections",
    "profile_name",
    "read_timeout",
    "region_name",
}


def settings() -> dict[str, dict[str, object]]:
    """Keys and default values, by component."""
    found = {name: get_defaults(factory) for name, factory in _registry.factories.items()}
    ours = {name: keys for name, keys in found.items() if is_ours(_registry.factories[name])}
    return {name: dict(keys) for name, keys in ours.items() if keys}


def is_ours(factory: object) -> bool:
    return getattr(factory, "__module__", "").startswith("pubsub_tasks.")


def settings_named() -> dict[str, set[str]]:
    told: dict[str, set[str]] = {}
    component = ""
    for row in rows(page("configuration"), "component"):
        component = (named(row[0]) or [component])[0]
        told.setdefault(component, set()).update(named(row[1]))
    return told


def test_the_table_of_settings_has_all_of_every_component() -> None:
    own = {component: set(keys) - SHARED for component, keys in settings().items()}

    assert settings_named() == own


def test_the_settings_for_reaching_aws_are_named_with_the_components_that_take_them() -> None:
    told = {named(row[0])[0] for row in rows(page("configuration"), "key")}
    text = page("configuration").read_text(encoding="utf-8")
    (sentence,) = re.findall(r"^(.*) take these keys as well:", text, re.MULTILINE)

    assert told == SHARED
    assert set(named(sentence)) == {name for name, keys in settings().items() if keys.keys() >= SHARED}


def test_the_defaults_of_numbers_are_those_in_the_table() -> None:
    told = {named(row[1])[0]: row[2] for row in rows(page("configuration"), "component") if row[2]}
    of_aws = {named(row[0])[0]: row[1] for row in rows(page("configuration"), "key")}
    components = settings()

    assert told["max_size"] == f"{default(components['sns_producer']['max_size']):,}"
    assert told["wait_seconds"] == str(default(components["sqs_consumer"]["wait_seconds"]))
    assert told["limit"] == str(default(components["sqs_consumer"]["limit"]))
    for key in ("connect_timeout", "read_timeout"):
        usual, publishing = (default(components[each][key]) for each in ("sqs_consumer", "sns_producer"))
        assert of_aws[key] == f"{usual:g} (`sns_producer`: {publishing:g})"
    assert (
        of_aws["max_pool_connections"] == f"{default(components['sqs_consumer']['max_pool_connections']):,}"
    )


def default(requirement: object) -> float:
    value: float = requirement.default_value  # type: ignore[attr-defined]
    return value


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.name)
def test_every_variable_that_is_named_sets_something(each: Path) -> None:
    flags_of_worker = {parameter.name for parameter in worker.command.params}
    unknown = []
    for name in re.findall(r"PUBSUB_TASKS__(\w+)", each.read_text(encoding="utf-8")):
        component, _, key = name.lower().partition("__")
        known = settings()[component].keys() | (flags_of_worker if component == "sqs_consumer" else set())
        if key.partition("__")[0] not in known | {"created"}:
            unknown.append(name)

    assert unknown == []


# Dead letters and events.


def test_the_table_of_reasons_has_all_of_them() -> None:
    told = [named(row[0])[0] for row in rows(page("dead-letters"), "reason")]

    assert told == list(get_args(Reason))


def test_the_table_of_events_has_all_of_them_with_their_fields() -> None:
    told = {
        named(row[0])[0]: [name for name in named(row[2]) if name != "ok"]
        for row in rows(page("logging-and-observers"), "event, from `pubsub_tasks.tasks.events`")
    }

    assert told == {each.__name__: list(each._fields) for each in get_args(events.Event)}


# Where things are.


def test_the_table_of_folders_has_all_of_them() -> None:
    told = {named(row[0])[0].rstrip("/") for row in rows(page("how-it-works"), "folder of `pubsub_tasks`")}
    package = ROOT / "pubsub_tasks"

    assert told == {path.parent.name for path in package.glob("*/__init__.py")} | {"manual"}


def test_where_to_look_for_a_change_exists() -> None:
    told = {span for row in rows(page("how-it-works"), "to change") for span in named(row[1])}
    lost = [span for span in told if not ((ROOT / span).exists() or (ROOT / "pubsub_tasks" / span).is_dir())]

    assert told
    assert not lost


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.name)
def test_every_file_that_is_named_exists(each: Path) -> None:
    named_files = [span for span in spans(each) if re.fullmatch(r"(tests|examples)/[\w./]+", span)]

    assert [name for name in named_files if not (ROOT / name).exists()] == []


def test_every_class_of_ours_that_is_named_exists() -> None:
    ours = re.compile(r"[A-Z][A-Za-z]+(Error|Failed|Timeout|TooLarge|Content)")
    told = {span for each in PAGES for span in spans(each) if ours.fullmatch(span)}

    public = (pubsub_tasks, pubsub_tasks.aws_lambda, builtins)
    assert [name for name in told if not any(hasattr(module, name) for module in public)] == []


def test_every_attribute_of_a_schema_that_says_how_it_is_sent_is_in_the_manual() -> None:
    text = " ".join(path.read_text(encoding="utf-8") for path in PAGES)
    known = {name for name in vars(PubSubMessageSchema) if name.isupper()}

    assert known
    assert [name for name in known if name not in text] == []


def test_the_pages_are_among_what_setup_cfg_ships() -> None:
    config = ConfigParser()
    config.read(ROOT / "setup.cfg")
    shipped = config["options.package_data"]["pubsub_tasks"].replace("\n", ",").split(",")

    assert [
        path.name
        for path in MANUAL.iterdir()
        if not any(path.relative_to(MANUAL.parent).match(pattern.strip()) for pattern in shipped)
    ] == []


@pytest.mark.parametrize("each", PAGES, ids=lambda each: each.name)
def test_every_module_that_is_named_can_be_imported(each: Path) -> None:
    modules = {span for span in spans(each) if re.fullmatch(r"pubsub_tasks(\.\w+)+", span)}
    groups_of_entry_points = {"pubsub_tasks.observers"}
    gone = {"pubsub_tasks.events"}  # named by the page of changes

    assert [name for name in modules - groups_of_entry_points - gone if not find_spec(name)] == []

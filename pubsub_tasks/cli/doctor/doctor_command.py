"""The `pubsub-tasks doctor` command: what differs in AWS from what the app needs, and how to fix it."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from shlex import quote

import click
from rich.text import Text

from ...doctor.checkup import Checkup, Commands, Surroundings
from ...doctor.diagnosis import diagnose, has_errors
from ...doctor.finding import ORDER, Finding, Severity
from ...errors import ConfigurationError
from ...processes.exit_codes import INCOMPLETE
from ...processes.served_queue import choose_queue
from ...provisioning.declared import declared_by
from ...provisioning.reading.aws_api import Api
from ...provisioning.reading.read_found import read_found
from ...provisioning.resources import Key, Place, Resource
from ...provisioning.topology import Topology
from ...untrusted.readable_counts import counted
from ..one_line_errors import OneLineCommand
from ..output.terminal import make_console, print_line, without_controls
from ..provisioning.account_access import AccountAccess, pass_account
from ..provisioning.app_resources import AppResources
from ..provisioning.common_options import app_option, json_option, prefix_option
from .examination import pending_subscriptions, surroundings

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}


@click.command(name="doctor", cls=OneLineCommand)
@app_option
@prefix_option
@click.option(
    "--sqs-queue-url",
    "-q",
    "--queue-url",
    "urls",
    multiple=True,
    metavar="URL",
    help="Only this queue, as its worker consumes it. Repeat it for more queues.",
)
@click.option(
    "--queue",
    metavar="NAME",
    help="The tasks declared with this queue= serve the URL; the queue's own name by default.",
)
@json_option
@pass_account
def command(
    account: AccountAccess,
    /,
    app: str | None,
    prefix: str | None,
    urls: Sequence[str],
    queue: str | None,
    as_json: bool,
) -> None:
    """Find what differs in AWS from what the app needs. Changes nothing.

    \b
    pubsub-tasks doctor --app shop.tasks --prefix shop-

    Each finding says what is wrong, why it hurts, and the command that mends it. The exit code is 1 if one of
    them is an error: messages are lost or do not arrive.
    """
    if queue is not None and len(urls) != 1:
        raise click.UsageError("--queue is for one --sqs-queue-url")
    resources = _with_urls(AppResources.of(app, prefix), urls, queue)
    api, place = account.connect(resources.region, resources.profile)
    commands = Commands(" ".join(_options(app, prefix)))
    findings = examine(resources, commands, api, place, urls)
    if as_json:
        print_line(json.dumps([finding._asdict() for finding in findings]))
    else:
        _print(findings)
    if has_errors(findings):
        raise click.exceptions.Exit(INCOMPLETE)


def _with_urls(resources: AppResources, urls: Sequence[str], queue: str | None) -> AppResources:
    """The resources with the names of the queues at these URLs. Raises ConfigurationError."""
    known = resources.queue_urls
    prefixed = replace(known, prefix=known.prefix or resources.prefix)
    named = {choose_queue(resources.tasks, url, queue, prefixed): url for url in urls}
    return replace(resources, queue_urls=replace(known, urls={**known.urls, **named}))


def examine(
    resources: AppResources, commands: Commands, api: Api, place: Place, urls: Sequence[str]
) -> list[Finding]:
    """All findings. Raises ConfigurationError for another account, and TransportError."""
    try:
        topology = resources.topology(place)
    except ConfigurationError as error:
        why = "what the app declares does not fit together, so that nothing else can be looked at"
        return [Finding(Severity.ERROR, "the app", f"cannot be provisioned: {error}", why)]
    wanted = tuple(_chosen(resources.wanted(place), place, urls))
    attempts = {spec.name: spec.attempts for spec in declared_by(resources.tasks).queues}
    checked = [queue for queue in topology.queues if not urls or queue.name in map(_last, urls)]
    found = read_found(api, place, wanted)
    standing = [place.queue_url(queue.name) for queue in checked if Key("queue", queue.name) in found]
    around: Surroundings = surroundings(api, place, urls or standing)
    return diagnose(
        Checkup(
            wanted,
            found,
            commands,
            {queue.name: attempts[queue.logical_name] for queue in checked},
            _media_types(topology),
            pending_subscriptions(api, place),
            resources.settings.visibility,
            resources.settings.max_size,
            resources.settings.scheduler is not None,
            around,
        )
    )


def _chosen(wanted: Sequence[Resource], place: Place, urls: Sequence[str]) -> Iterator[Resource]:
    """The resources of the queues at these URLs, and what has no queue; all without URLs."""
    names = set(map(_last, urls))
    arns = {place.queue_arn(name) for name in names}
    mine = [each for each in wanted if each.identity.get("Endpoint") in arns]
    topics = {each.identity["TopicArn"] for each in mine}
    letters = {
        str((each.properties.get("RedrivePolicy") or {}).get("deadLetterTargetArn"))
        for each in wanted
        if each.key.kind == "queue" and each.key.name in names
    }
    for each in wanted:
        kind, identity = each.key.kind, each.identity
        if (
            not urls
            or kind not in ("queue", "subscription", "topic")
            or (kind == "queue" and identity["QueueArn"] in arns | letters)
            or (kind == "subscription" and each in mine)
            or (kind == "topic" and identity["TopicArn"] in topics)
        ):
            yield each


def _media_types(topology: Topology) -> dict[str, tuple[str, ...]]:
    return {topic.arn: topic.media_types for topic in topology.topics}


def _options(app: str | None, prefix: str | None) -> Iterator[str]:
    if app is not None:
        yield f"--app {quote(app)}"
    if prefix is not None:
        yield f"--prefix {quote(prefix)}"


def _last(url: str) -> str:
    return url.rstrip("/").rpartition("/")[2]


def _print(findings: Sequence[Finding]) -> None:
    console = make_console()
    for finding in findings:
        title = Text(f"{finding.severity:8}", _STYLES[finding.severity])
        what = without_controls(f"{finding.subject} {finding.what}")
        console.print(title.append(what, style="default"), soft_wrap=True)
        console.print(Text(f"        {without_controls(finding.why)}", "dim"), soft_wrap=True)
        if finding.mend:
            console.print(Text(f"        {without_controls(finding.mend)}", "cyan"), soft_wrap=True)
    counts = {severity: sum(each.severity is severity for each in findings) for severity in ORDER}
    print_line(", ".join(counted(n, severity) for severity, n in counts.items()))

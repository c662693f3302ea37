"""The `pubsub-tasks export` command: writes what an app needs for other tools."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from ...provisioning.export.cloudformation import NOT_IN_TEMPLATES, cloudformation
from ...provisioning.export.iam_policies import publisher_policy, worker_policy
from ...provisioning.export.symbols import ANY_PLACE, not_expressible, replaced
from ...provisioning.export.terraform import terraform
from ...provisioning.resources import Place, Resource
from ..one_line_errors import OneLineCommand
from ..output.terminal import print_note
from .app_resources import AppResources
from .common_options import app_option, prefix_option

_WRITERS = {"cloudformation": cloudformation, "terraform": terraform}


@click.command(name="export", cls=OneLineCommand)
@app_option
@prefix_option
@click.option(
    "--format",
    "written_as",
    type=click.Choice(["terraform", "cloudformation", "json"]),
    default="json",
    show_default=True,
    help="Terraform's JSON syntax, a CloudFormation template, or the resources as they are compared.",
)
@click.option("--iam", is_flag=True, help="The IAM policies of publisher and worker instead.")
def command(app: str | None, prefix: str | None, written_as: str, iam: bool) -> None:
    """Write what an app needs in AWS as Terraform, CloudFormation, JSON or IAM policies. Calls nothing.

    \b
    pubsub-tasks export --app shop.tasks --prefix shop- --format terraform > pubsub.tf.json
    """
    resources = AppResources.of(app, prefix)
    configured = resources.configured_place()
    if iam:
        click.echo(json.dumps(_policies(resources, configured), indent=2))
        return
    wanted = resources.wanted(configured or _place_of_role(resources, ANY_PLACE))
    writer = _WRITERS.get(written_as)
    text = json.dumps(writer(wanted) if writer else _as_json(wanted), indent=2)
    click.echo(replaced(text, "${partition}", "${region}", "${account}"))
    if writer:
        for note in not_expressible(wanted, NOT_IN_TEMPLATES):
            print_note(note)


def _policies(resources: AppResources, configured: Place | None) -> Mapping[str, Any]:
    place = configured or _place_of_role(resources, Place("*", "*", "*"))
    topology, settings = resources.topology(place), resources.settings
    return {
        "publisher": publisher_policy(topology, place, settings),
        "worker": worker_policy(topology, place, settings),
    }


def _place_of_role(resources: AppResources, any_place: Place) -> Place:
    """Any place, but for the account of the configured role, which is not any."""
    scheduler = resources.settings.scheduler
    if scheduler is None or scheduler.role_arn.count(":") < 5:
        return any_place
    return replace(any_place, account=scheduler.role_arn.split(":")[4])


def _as_json(wanted: Sequence[Resource]) -> list[Mapping[str, Any]]:
    return [
        {
            "kind": resource.key.kind,
            "name": resource.key.name,
            "why": resource.why,
            "identity": resource.identity,
            "properties": resource.properties,
            "tags": resource.tags,
            "needs": [{"kind": key.kind, "name": key.name} for key in resource.needs],
        }
        for resource in wanted
    ]

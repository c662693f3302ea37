"""The `pubsub-tasks plan` command: compares what an app needs with what stands in AWS."""

import click

from ...processes.exit_codes import CHANGES_WANTED
from ...provisioning.planning.diff import PlanOptions, make_plan
from ...provisioning.planning.steps import ProvisioningPlan
from ...provisioning.reading.aws_api import Api
from ...provisioning.reading.read_found import read_found
from ...provisioning.resources import Place
from ..one_line_errors import OneLineCommand
from ..output.terminal import make_console
from .account_access import AccountAccess, pass_account
from .app_resources import AppResources
from .common_options import app_option, json_option, prefix_option
from .plan_view import plan_as_json, print_plan


@click.command(name="plan", cls=OneLineCommand)
@app_option
@prefix_option
@json_option
@click.option("--check", is_flag=True, help="Exit with 3 if there is something to do.")
@pass_account
def command(
    account: AccountAccess, /, app: str | None, prefix: str | None, as_json: bool, check: bool
) -> None:
    """Show what has to change in AWS for an app's tasks. Changes nothing.

    \b
    pubsub-tasks plan --app shop.tasks --prefix shop-

    + is created, ~ is changed, - is deleted, ! is left alone.
    """
    resources = AppResources.of(app, prefix)
    api, place = account.connect(resources.region, resources.profile)
    plan = plan_of(resources, api, place, PlanOptions())
    if as_json:
        click.echo(plan_as_json(plan))
    else:
        print_plan(plan, make_console())
    if check and not plan.is_complete:
        raise click.exceptions.Exit(CHANGES_WANTED)


def plan_of(resources: AppResources, api: Api, place: Place, options: PlanOptions) -> ProvisioningPlan:
    """The plan for an app in an account. Raises ConfigurationError, TransportError.

    Without a prefix, what is surplus is read with `prune` only, since that means all topics of the account.
    """
    wanted = resources.wanted(place)
    surplus = resources.prefix if resources.prefix or options.prune else None
    return make_plan(wanted, read_found(api, place, wanted, surplus), resources.settings.owner, options)

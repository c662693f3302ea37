"""The `pubsub-tasks apply` command: carries out what `plan` shows."""

from collections.abc import Sequence
from itertools import count
from shlex import quote

import click

from ...errors import ConfigurationError
from ...processes.exit_codes import INTERRUPTED
from ...provisioning.apply import Applied, apply_plan
from ...provisioning.planning.diff import PlanOptions
from ...provisioning.planning.steps import ProvisioningPlan
from ...provisioning.resources import Place
from ...untrusted.readable_counts import counted
from ..one_line_errors import OneLineCommand
from ..output.terminal import (
    make_console,
    print_line,
    print_note,
    progress_bar,
    stop_on_interrupt,
)
from .account_access import AccountAccess, pass_account
from .app_resources import AppResources
from .common_options import app_option, prefix_option
from .plan_command import plan_of
from .plan_view import print_plan, step_line

_WAITING = "waiting for the calls under way; Ctrl-C again ends them"


@click.command(name="apply", cls=OneLineCommand)
@app_option
@prefix_option
@click.option("--adopt", multiple=True, metavar="NAME", help="Manage this untagged resource from now on.")
@click.option("--prune", is_flag=True, help="Delete what no task needs; never a queue that holds messages.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask; required without a terminal.")
@pass_account
def command(
    account: AccountAccess,
    /,
    app: str | None,
    prefix: str | None,
    adopt: Sequence[str],
    prune: bool,
    yes: bool,
) -> None:
    """Create and change in AWS what an app's tasks need, after asking.

    \b
    pubsub-tasks apply --app shop.tasks --prefix shop-

    It stops at the first refusal or at Ctrl-C, and goes on from there when it is run again.
    """
    resources = AppResources.of(app, prefix)
    api, place = account.connect(resources.region, resources.profile)
    plan = plan_of(resources, api, place, PlanOptions(frozenset(adopt), prune))
    print_plan(plan, make_console())
    adopted = {step.key.name for step in plan.steps if step.action == "tag"}
    for name in sorted(set(adopt) - adopted):
        print_note(f"--adopt {name}: no resource of this name that is needed here stands without a tag")
    if plan.steps:
        deletes = any(step.action == "delete" for step in plan.steps)
        if deletes and not resources.owner_is_configured:
            _warn_of_shared_owner(resources.settings.owner, yes=yes)
        if not yes:
            _confirm(account, plan, place)
        with stop_on_interrupt(_WAITING) as stop, progress_bar("applying", len(plan.steps)) as update:
            done = count(1)
            applied = apply_plan(plan, api, lambda step: update(next(done)), stop=stop)
        _report(applied)
        if left_alone := [each for each in plan.left_alone if each.wanted]:
            print_note(f"{counted(len(left_alone), 'resource')} left alone, see the lines with ! above")
    _print_environment(resources, place)


def _confirm(account: AccountAccess, plan: ProvisioningPlan, place: Place) -> None:
    """Ask once, and for the name of each queue that is to be deleted. Raises ConfigurationError, Abort."""
    if not account.can_prompt():
        raise ConfigurationError("there is no terminal to ask on: give --yes")
    click.confirm(
        f"apply {counted(len(plan.steps), 'step')} to account {place.account} in {place.region}?", abort=True
    )
    for step in plan.steps:
        if step.action == "delete" and step.key.kind == "queue":
            typed = click.prompt(f"type {step.key.name} to delete that queue", default="", show_default=False)
            if typed != step.key.name:
                raise ConfigurationError(f"{typed!r} is not {step.key.name!r}: nothing was changed")


def _warn_of_shared_owner(owner: str, *, yes: bool) -> None:
    """Say that another app may have made what would be deleted. Raises ConfigurationError if not asked."""
    risk = f"what carries the owner {owner!r}, which other apps of the package share"
    remedy = "set pubsub_provisioning.owner to a name of this app's own"
    if yes:
        raise ConfigurationError(f"--prune --yes deletes {risk}: leave out --yes, or {remedy}")
    print_note(f"--prune deletes {risk}: if one of them needs it, answer no, and {remedy}")


def _report(applied: Applied) -> None:
    if not applied.left:
        print_line(f"{counted(len(applied.done), 'step')} done")
        return
    console = make_console(err=True)
    for title, steps in (("done", applied.done), ("left for the next apply", applied.left)):
        console.print(f"{title}: {len(steps)}")
        for step in steps:
            console.print(step_line(step), soft_wrap=True)
    if applied.refusal is not None:
        raise applied.refusal
    print_line("interrupted", err=True)
    raise click.exceptions.Exit(INTERRUPTED)


def _print_environment(resources: AppResources, place: Place) -> None:
    """How publishers and workers find what was made, if no configuration says so yet."""
    environment = resources.environment(place)
    if environment:
        print_line("# for publishers and workers:", err=True)
    for name, value in environment.items():
        print_line(f"export {name}={quote(value)}")

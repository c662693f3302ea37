"""Checks of clock, credentials, regions, permissions, and of delays without a scheduler."""

from collections.abc import Iterator

from ..untrusted.queue_names import FIFO
from .checkup import Checkup
from .finding import Finding, Severity

_MOST_SKEW = 300
"""Seconds after which AWS refuses a signature. Source: "Signature Version 4", AWS general reference."""

_SOME_SKEW = 30
_EXPIRES_SOON = 900

_CLOCK = "this machine's clock"
_CREDENTIALS = "the credentials"


def check_surroundings(checkup: Checkup) -> Iterator[Finding]:
    """What is wrong around the resources."""
    yield from _check_clock(checkup.surroundings.clock_skew)
    yield from _check_credentials(checkup.surroundings.credentials_expire)
    yield from _check_regions(checkup)
    yield from _check_permissions(checkup)
    yield from _check_delays(checkup)


def _check_clock(skew: float | None) -> Iterator[Finding]:
    if skew is None or abs(skew) < _SOME_SKEW:
        return
    direction = "ahead of" if skew > 0 else "behind"
    yield Finding(
        Severity.ERROR if abs(skew) >= _MOST_SKEW else Severity.WARNING,
        _CLOCK,
        f"is {abs(skew):.0f} s {direction} AWS's",
        f"AWS refuses calls from {_MOST_SKEW} s on, and ages, delays and expiry are wrong by as much",
        "sudo chronyc makestep",
    )


def _check_credentials(seconds: float | None) -> Iterator[Finding]:
    if seconds is None or seconds > _EXPIRES_SOON:
        return
    has_expired = seconds <= 0
    yield Finding(
        Severity.ERROR if has_expired else Severity.WARNING,
        _CREDENTIALS,
        "have expired" if has_expired else f"expire in {seconds / 60:.0f} min",
        "nothing renews credentials from the environment, and every call fails then",
        'eval "$(aws configure export-credentials --format env)"',
    )


def _check_regions(checkup: Checkup) -> Iterator[Finding]:
    region = checkup.surroundings.region
    for url, other in checkup.surroundings.queue_regions.items():
        if region and other != region:
            yield Finding(
                Severity.ERROR,
                f"queue {url.rpartition('/')[2]}",
                f"is in {other} by its URL, and the topics are in {region}",
                "what stands was looked for in another region than the worker uses",
                f"export AWS_REGION={other}",
            )


def _check_permissions(checkup: Checkup) -> Iterator[Finding]:
    for permission, error in checkup.surroundings.refused.items():
        yield Finding(
            Severity.ERROR,
            _CREDENTIALS,
            f"lack {permission}",
            error,
            f"{checkup.commands.export_iam()}",
        )
    if checkup.surroundings.untried:
        yield Finding(
            Severity.NOTE,
            _CREDENTIALS,
            f"were not tried for {', '.join(checkup.surroundings.untried)}",
            "these have an effect, so that there is no safe way to try them",
            checkup.commands.export_iam(),
        )


def _check_delays(checkup: Checkup) -> Iterator[Finding]:
    fifo = sorted(name for name in checkup.attempts if name.endswith(FIFO))
    if fifo and not checkup.has_scheduler:
        yield Finding(
            Severity.NOTE,
            f"queue {fifo[0]}",
            "has no EventBridge Scheduler for delays",
            "a FIFO queue has no delay for one message, so publishing with delay= or at= is an error",
            "Set pubsub_scheduler.role_arn to the ARN of a role that Scheduler may assume",
        )

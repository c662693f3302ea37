"""All findings of a checkup, the worst first."""

from collections.abc import Iterable

from .checkup import Checkup
from .finding import ORDER, Finding, Severity
from .resource_checks import check_resources
from .subscription_checks import check_subscriptions
from .surroundings_checks import check_surroundings


def diagnose(checkup: Checkup) -> list[Finding]:
    """What differs from what the application needs, the worst first."""
    found = [*check_resources(checkup), *check_subscriptions(checkup), *check_surroundings(checkup)]
    return sorted(dict.fromkeys(found), key=lambda finding: ORDER.index(finding.severity))


def has_errors(findings: Iterable[Finding]) -> bool:
    """Whether one of them is an error."""
    return any(finding.severity is Severity.ERROR for finding in findings)

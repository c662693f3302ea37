"""The AWS region in a queue URL or an ARN."""

import re

_IN_URL = re.compile(r"//(?:[^/]+\.)?(?:sqs|sqs-fips)\.([a-z]{2,}(?:-[a-z]+)+-\d+)\.")
_IN_LEGACY_URL = re.compile(r"//(?:([a-z]{2,}(?:-[a-z]+)+-\d+)\.)?queue\.amazonaws\.com")
_LEGACY_DEFAULT = "us-east-1"


def region_of_url(url: str) -> str | None:
    """Region in a queue URL, or None if it has none, as with an emulator.

    Source: "Amazon SQS endpoints and quotas", AWS general reference, including the legacy endpoints.
    """
    if match := _IN_URL.search(url):
        return match[1]
    if match := _IN_LEGACY_URL.search(url):
        return match[1] or _LEGACY_DEFAULT
    return None


def region_of_arn(arn: str) -> str | None:
    """Region in an ARN (`arn:partition:service:region:account:name`), or None if it has none."""
    parts = arn.split(":", 5)
    return parts[3] or None if len(parts) == 6 else None

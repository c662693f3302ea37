"""Endpoint: whether a queue is where the requests for it go. Knows addresses, and no client."""

import re

from ..addresses import host_of, same_host

_AWS = re.compile(r"(^|\.)(amazonaws\.(com|com\.cn|eu)|api\.aws)$")
"""Source: "Amazon SQS endpoints and quotas", AWS general reference, and botocore's endpoints.json."""


def elsewhere(url: str, endpoint: str) -> str | None:
    """What to tell of a queue URL that is neither of AWS nor of the endpoint; None where it is of either.

    SDKs send requests to their endpoint, and the host of a queue's URL is not looked at.
    """
    host = host_of(url) or ""
    if _AWS.search(host) or same_host(host, host_of(endpoint) or ""):
        return None
    return f"{url} is asked of {endpoint}: for a queue at {host}, set AWS_ENDPOINT_URL to where that is"

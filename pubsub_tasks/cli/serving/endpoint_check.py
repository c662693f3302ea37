"""Warns if a queue's URL names another host than the endpoint that requests go to."""

import logging
import re
from collections.abc import Sequence

from ...transports.aws.regions import region_of_url
from ...transports.protocols import Transport
from ...untrusted.addresses import host_of, same_host

logger = logging.getLogger("pubsub_tasks.worker")

_AWS = re.compile(r"(^|\.)(amazonaws\.(com|com\.cn|eu)|api\.aws)$")
"""Source: "Amazon SQS endpoints and quotas", AWS general reference, and botocore's endpoints.json."""


def host_mismatch(url: str, endpoint: str) -> str | None:
    """A warning if the host of a queue URL is neither AWS's nor the endpoint's; otherwise None.

    SDKs send requests to their endpoint and ignore the host of the queue URL.
    """
    host = host_of(url) or ""
    if _AWS.search(host) or same_host(host, host_of(endpoint) or ""):
        return None
    return f"requests for {url} go to {endpoint}: for a queue at {host}, set AWS_ENDPOINT_URL to its endpoint"


def warn_of_host_mismatch(transport: Transport, urls: Sequence[str]) -> None:
    """Log a warning for each queue whose host is not the endpoint's, before a request fails there.

    Raises ConfigurationError, TransportError.
    """
    for url in (url for url in urls if "://" in url):  # a file has no host
        transport.queue(url)  # raises if it is not a queue URL, before its region is looked up
        endpoint = transport.endpoint("sqs", region_of_url(url))  # type: ignore[attr-defined]
        if warning := host_mismatch(url, endpoint):
            logger.warning(warning)

"""Endpoint: whether a queue is where the requests for it go. Knows addresses."""

import logging
import re
from collections.abc import Sequence

from ...transports.aws.regions import region_of_url
from ...transports.protocols import Transport
from ...untrusted.addresses import host_of, same_host

logger = logging.getLogger("pubsub_tasks.worker")

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


def warn_of_elsewhere(transport: Transport, urls: Sequence[str]) -> None:
    """Log a warning for each queue of another host than the endpoint, before a request could fail there.

    Raises ConfigurationError, TransportError, as making a client does.
    """
    for url in (url for url in urls if "://" in url):  # of a file, and of nonsense, it is none
        transport.queue(url)  # raises for what is no queue URL, before its region is asked for
        client = transport.client("sqs", region_of_url(url))  # type: ignore[attr-defined]
        if told := elsewhere(url, client.meta.endpoint_url):
            logger.warning(told)

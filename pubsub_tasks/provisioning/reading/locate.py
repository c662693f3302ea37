"""Finds out which account and region the credentials are of."""

from difflib import get_close_matches
from typing import Any

from ...errors import ConfigurationError, TransportError
from ..resources import Place
from .aws_api import Api

_NO_ENDPOINT = frozenset({"EndpointConnectionError", "ConnectTimeoutError", "InvalidRegionError"})


def locate(api: Api, sqs: Any, known_regions: list[str]) -> Place:
    """The place of the credentials; `sqs` is boto3's client, which knows region and endpoint.

    Raises ConfigurationError for a region that does not exist, and TransportError.
    """
    region = sqs.meta.region_name
    try:
        caller = api("sts", "GetCallerIdentity", {})
    except TransportError as error:
        if error.code in _NO_ENDPOINT and region not in known_regions:
            similar = get_close_matches(region, known_regions, 1)
            advice = f"did you mean {similar[0]}?" if similar else "set AWS_REGION"
            raise ConfigurationError(
                f"no AWS region {region!r} answers, and none is known: {advice}"
            ) from error
        raise
    account, partition = caller["Account"], caller["Arn"].split(":")[1]
    return Place(region, account, partition, f"{sqs.meta.endpoint_url.rstrip('/')}/{account}/")

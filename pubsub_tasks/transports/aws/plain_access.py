"""Decides whether environment variables alone say how to call SQS and SNS, so that boto3 need not be loaded.

boto3 looks for credentials, regions and endpoints in many places. The rule here covers one case, keys in the
environment and nothing else that could have a say, and leaves every other case to boto3. The tests compare it
with what botocore itself resolves.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

ACCESS_KEY, SECRET_KEY, TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
ENDPOINT = "AWS_ENDPOINT_URL"
REGIONS = ("AWS_DEFAULT_REGION", "AWS_REGION")
CA_BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")

UNDERSTOOD = frozenset(
    {
        *(ACCESS_KEY, SECRET_KEY, TOKEN),
        *(ENDPOINT, f"{ENDPOINT}_SQS", f"{ENDPOINT}_SNS", *REGIONS, *CA_BUNDLES),
        # Without effect on how SQS and SNS are called with keys from the environment:
        *("AWS_DEFAULT_OUTPUT", "AWS_EC2_METADATA_DISABLED", "AWS_EXECUTION_ENV", "AWS_PAGER"),
    }
)
"""The only variables of AWS that may be set. With any other, boto3 makes the calls."""

FILES = ("~/.aws/config", "~/.aws/credentials", "~/.aws/models")
"""Where boto3 finds settings, credentials and service models. With any of them, boto3 makes the calls."""

_REGION = re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+")
"""A region whose endpoints are in the domain `amazonaws.com`. Source: botocore's partitions.json, `aws`."""

_ORIGIN = re.compile(r"(https?://[a-z0-9.-]+(?::\d+)?)/?")


class PlainAccess(NamedTuple):
    """How to call a service.

    Attributes:
        origin: scheme, host and port.
        region: the region of the signature.
        ca_bundle: a file of certificates to trust; None for the usual ones.
    """

    origin: str
    region: str
    access_key: str
    secret_key: str
    token: str | None
    ca_bundle: str | None


def plain_access(
    service: str, region: str | None, endpoint: str | None, environment: Mapping[str, str]
) -> PlainAccess | None:
    """How to call a service, or None if boto3 must find out.

    Args:
        service: `sqs` or `sns`.
        region: of the queue URL or topic ARN or from the transport's settings, if they have one.
        endpoint: from the transport's settings, if they have one.
        environment: the environment variables, in a process without any of `FILES`.
    """
    ca_bundle = next((environment[name] for name in CA_BUNDLES if name in environment), None)
    if any(map(_is_left_to_boto3, environment)) or (ca_bundle is not None and not ca_bundle.strip()):
        return None
    region = region or next(filter(None, map(environment.get, REGIONS)), None)
    endpoint = _endpoint(service, region, environment) if endpoint is None else endpoint
    access_key, secret_key = environment.get(ACCESS_KEY), environment.get(SECRET_KEY)
    if not (access_key and secret_key and region and _REGION.fullmatch(region)):
        return None
    origin = _ORIGIN.fullmatch(endpoint)
    if origin is None:
        return None
    token = environment.get(TOKEN) or None
    return PlainAccess(origin[1], region, access_key, secret_key, token, ca_bundle)


def _is_left_to_boto3(variable: str) -> bool:
    """Whether a variable is not understood, and may have a say in credentials, endpoints or connections."""
    name = variable.upper()
    if name.startswith("AWS_"):
        return name not in UNDERSTOOD
    is_proxy = name.endswith("_PROXY") and name != "NO_PROXY"
    return is_proxy or name.startswith(("BOTO", "_X_AMZN_"))


def _endpoint(service: str, region: str | None, environment: Mapping[str, str]) -> str:
    configured = environment.get(f"{ENDPOINT}_{service.upper()}") or environment.get(ENDPOINT)
    return configured or f"https://{service}.{region}.amazonaws.com"

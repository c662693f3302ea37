"""Decides whether environment variables alone say how to call SQS and SNS, so that boto3 need not be loaded.

boto3 looks for credentials, regions and endpoints in many places. The rule here covers two cases, keys in the
environment and the address of a container's keys, if nothing else could have a say, and leaves every other
case to boto3. The tests compare it with what botocore itself resolves.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from ..fast_path.sigv4 import Keys

ACCESS_KEY, SECRET_KEY, TOKEN = "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"
ENDPOINT = "AWS_ENDPOINT_URL"
REGIONS = ("AWS_DEFAULT_REGION", "AWS_REGION")
CA_BUNDLES = ("AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
CONTAINER_PATH = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"
CONTAINER_URL = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
CONTAINER_TOKEN = "AWS_CONTAINER_AUTHORIZATION_TOKEN"
CONTAINER_TOKEN_FILE = "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"

UNDERSTOOD = frozenset(
    {
        *(ACCESS_KEY, SECRET_KEY, TOKEN),
        *(CONTAINER_PATH, CONTAINER_URL, CONTAINER_TOKEN, CONTAINER_TOKEN_FILE),
        *(ENDPOINT, f"{ENDPOINT}_SQS", f"{ENDPOINT}_SNS", *REGIONS, *CA_BUNDLES),
        # Without effect on how SQS and SNS are called with such keys:
        *("AWS_DEFAULT_OUTPUT", "AWS_EC2_METADATA_DISABLED", "AWS_EXECUTION_ENV", "AWS_PAGER"),
        "AWS_STS_REGIONAL_ENDPOINTS",  # which EKS sets with a container's keys
    }
)
"""The only variables of AWS that may be set. With any other, boto3 makes the calls."""

FILES = ("~/.aws/config", "~/.aws/credentials", "~/.aws/models", "/etc/boto.cfg", "~/.boto")
"""Where boto3 finds settings, credentials and service models. With any of them, boto3 makes the calls."""

_REGION = re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-[a-z]+-\d+")
"""A region whose endpoints are in the domain `amazonaws.com`. Source: botocore's partitions.json, `aws`."""

_ORIGIN = re.compile(r"(https?://[a-z0-9.-]+(?::\d+)?)/?")

_ECS = "http://169.254.170.2"
"""Where ECS serves a container's keys. Source: ECS developer guide, "Task IAM role"."""

_KEY_SERVER = re.compile(
    r"(http://(?:169\.254\.170\.23?|\[fd00:ec2::23\]|localhost|127\.0\.0\.1)(?::\d+)?)(/[A-Za-z0-9/_-]*)"
)
"""The addresses of ECS and EKS, and the loopback. botocore allows some more."""


class KeyServer(NamedTuple):
    """Where a container asks for its keys.

    Attributes:
        origin: scheme, host and port.
        token: sent as authorization, if there is no file.
        token_file: a file with the token, which may be replaced.
    """

    origin: str
    path: str
    token: str | None
    token_file: str | None


class PlainAccess(NamedTuple):
    """How to call a service.

    Attributes:
        origin: scheme, host and port.
        region: the region of the signature.
        ca_bundle: a file of certificates to trust; None for the usual ones.
    """

    origin: str
    region: str
    ca_bundle: str | None
    keys: Keys | KeyServer


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
    keys, origin = _keys(environment), _ORIGIN.fullmatch(endpoint)
    if not (keys and origin and region and _REGION.fullmatch(region)):
        return None
    return PlainAccess(origin[1], region, ca_bundle, keys)


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


def _keys(environment: Mapping[str, str]) -> Keys | KeyServer | None:
    access_key, secret_key = environment.get(ACCESS_KEY), environment.get(SECRET_KEY)
    token = environment.get(TOKEN) or None
    if access_key and secret_key:
        return Keys(access_key, secret_key, token)
    return None if access_key or secret_key or token else _key_server(environment)


def _key_server(environment: Mapping[str, str]) -> KeyServer | None:
    path = environment.get(CONTAINER_PATH)
    found = _KEY_SERVER.fullmatch(environment.get(CONTAINER_URL, "") if path is None else f"{_ECS}{path}")
    token, token_file = environment.get(CONTAINER_TOKEN), environment.get(CONTAINER_TOKEN_FILE)
    return found and KeyServer(found[1], found[2], token, token_file)

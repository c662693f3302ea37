"""What the environment alone says is what botocore resolves; what else could have a say is left to boto3."""

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore.credentials import ContainerProvider
from botocore.utils import ContainerMetadataFetcher
from hypothesis import given, settings
from hypothesis import strategies as st

from pubsub_tasks.transports.aws.clients import Clients, ClientSettings
from pubsub_tasks.transports.aws.fast_path.sigv4 import Keys
from pubsub_tasks.transports.aws.without_boto3.plain_access import (
    FILES,
    PlainAccess,
    plain_access,
)
from tests.transports.conftest import serving_keys

KEYS = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret"}
IRELAND = "eu-west-1"
LOCAL = "http://127.0.0.1:4566"


@pytest.fixture(autouse=True)
def no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def by_botocore(
    service: str, region: str | None, endpoint: str | None, environment: Mapping[str, str]
) -> PlainAccess:
    """How boto3 calls the service in a process with these variables and no files."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in [name for name in os.environ if name.upper().startswith(("AWS_", "REQUESTS_"))]:
            monkeypatch.delenv(name)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        client = Clients(ClientSettings(endpoint_url=endpoint)).client(service, region)
        signer = client._request_signer
        keys = signer._credentials.get_frozen_credentials()
        assert signer._credentials.method in ("env", "container-role")
        assert not client._endpoint.http_session._proxy_config.proxy_url_for(client.meta.endpoint_url)
        verify = client._endpoint.http_session._verify
        bundle = None if verify is True else verify
        return PlainAccess(client.meta.endpoint_url, signer._region_name, bundle, Keys(*keys[:3]))


UNDERSTOOD: list[tuple[str | None, str | None, dict[str, str]]] = [
    (IRELAND, None, {}),
    ("us-east-1", None, {}),
    ("mx-central-1", None, {}),
    (IRELAND, None, {"AWS_SESSION_TOKEN": "token"}),
    (IRELAND, None, {"AWS_SESSION_TOKEN": ""}),
    (IRELAND, None, {"AWS_DEFAULT_REGION": "us-west-2"}),
    (None, None, {"AWS_DEFAULT_REGION": "us-west-2"}),
    (None, None, {"AWS_REGION": "us-west-2"}),
    (None, None, {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": IRELAND}),
    (None, None, {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": ""}),
    (IRELAND, None, {"AWS_ENDPOINT_URL": LOCAL}),
    (IRELAND, None, {"AWS_ENDPOINT_URL": ""}),
    (IRELAND, None, {"AWS_ENDPOINT_URL": LOCAL, "AWS_ENDPOINT_URL_SQS": "http://sqs.local:1"}),
    (IRELAND, None, {"AWS_ENDPOINT_URL": LOCAL, "AWS_ENDPOINT_URL_SQS": ""}),
    (IRELAND, None, {"AWS_ENDPOINT_URL_SNS": "https://sns.vpce.example"}),
    (IRELAND, LOCAL, {"AWS_ENDPOINT_URL": "http://other:1"}),
    (IRELAND, "https://sqs.eu-west-1.amazonaws.com", {}),
    (IRELAND, None, {"AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": "", "AWS_EXECUTION_ENV": "AWS_ECS"}),
    (IRELAND, None, {"AWS_STS_REGIONAL_ENDPOINTS": "regional"}),
    (IRELAND, None, {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2"}),
    (IRELAND, None, {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://nobody"}),
    (IRELAND, None, {"AWS_CA_BUNDLE": "/aws.pem"}),
    (IRELAND, None, {"REQUESTS_CA_BUNDLE": "/requests.pem"}),
    (IRELAND, None, {"REQUESTS_CA_BUNDLE": "/requests.pem", "AWS_CA_BUNDLE": "/aws.pem"}),
    (IRELAND, None, {"NO_PROXY": "amazonaws.com", "PATH": "/bin"}),
]


@pytest.mark.parametrize("service", ["sqs", "sns"])
@pytest.mark.parametrize(("region", "endpoint", "more"), UNDERSTOOD)
def test_what_is_understood_is_what_botocore_resolves(
    service: str, region: str | None, endpoint: str | None, more: dict[str, str]
) -> None:
    found = plain_access(service, region, endpoint, KEYS | more)

    assert found is not None
    assert found == by_botocore(service, region, endpoint, KEYS | more)


@pytest.mark.parametrize("service", ["sqs", "sns"])
def test_every_region_in_the_domain_of_aws_is_understood_as_botocore_does(service: str) -> None:
    regions = botocore.session.get_session().get_available_regions(service)
    assert len(regions) > 20
    for region in regions:
        assert plain_access(service, region, None, KEYS) == by_botocore(service, region, None, KEYS)


LEFT_TO_BOTO3: dict[str, tuple[str | None, str | None, dict[str, str]]] = {
    "no secret": (IRELAND, None, {"AWS_SECRET_ACCESS_KEY": ""}),
    "no access key": (IRELAND, None, {"AWS_ACCESS_KEY_ID": ""}),
    "no region": (None, None, {}),
    "China": ("cn-north-1", None, {}),
    "GovCloud": ("us-gov-west-1", None, {}),
    "an isolated region": ("us-iso-east-1", None, {}),
    "a region of an emulator": ("elasticmq", LOCAL, {}),
    "a global region": ("aws-global", None, {}),
    "a profile": (IRELAND, None, {"AWS_PROFILE": "work"}),
    "an empty profile": (IRELAND, None, {"AWS_PROFILE": ""}),
    "an older profile": (IRELAND, None, {"AWS_DEFAULT_PROFILE": "work"}),
    "a role": (IRELAND, None, {"AWS_ROLE_ARN": "arn:aws:iam::1:role/r"}),
    "an older token": (IRELAND, None, {"AWS_SECURITY_TOKEN": "token"}),
    "keys that expire": (IRELAND, None, {"AWS_CREDENTIAL_EXPIRATION": "2026-11-27T08:00:00Z"}),
    "a config file elsewhere": (IRELAND, None, {"AWS_CONFIG_FILE": "/etc/aws"}),
    "FIPS": (IRELAND, None, {"AWS_USE_FIPS_ENDPOINT": "true"}),
    "IPv6": (IRELAND, None, {"AWS_USE_DUALSTACK_ENDPOINT": "true"}),
    "ignored endpoints": (IRELAND, None, {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "true"}),
    "empty certificates": (IRELAND, None, {"AWS_CA_BUNDLE": ""}),
    "blank certificates": (IRELAND, None, {"REQUESTS_CA_BUNDLE": " "}),
    "a variable to come": (IRELAND, None, {"AWS_TO_COME": "1"}),
    "Lambda": (IRELAND, None, {"AWS_LAMBDA_FUNCTION_NAME": "f"}),
    "a trace": (IRELAND, None, {"_X_AMZN_TRACE_ID": "Root=1"}),
    "a proxy": (IRELAND, None, {"HTTPS_PROXY": "http://proxy:3128"}),
    "a proxy in lower case": (IRELAND, None, {"https_proxy": "http://proxy:3128"}),
    "a proxy for all": (IRELAND, None, {"all_proxy": "http://proxy:3128"}),
    "plugins of botocore": (IRELAND, None, {"BOTOCORE_EXPERIMENTAL__PLUGINS": "x=y"}),
    "an endpoint with a path": (IRELAND, "http://127.0.0.1:4566/sqs", {}),
    "an endpoint with a query": (IRELAND, "http://127.0.0.1:4566?x", {}),
    "an endpoint with a password": (IRELAND, "http://a:b@127.0.0.1:4566", {}),
    "an endpoint with an IPv6 address": (IRELAND, "http://[::1]:4566", {}),
    "an endpoint that is no URL": (IRELAND, "127.0.0.1:4566", {}),
}


@pytest.mark.parametrize("case", LEFT_TO_BOTO3)
def test_what_could_have_another_source_is_left_to_boto3(case: str) -> None:
    region, endpoint, more = LEFT_TO_BOTO3[case]

    assert plain_access("sqs", region, endpoint, KEYS | more) is None


ECS = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/5f1c3d0e-6a53-4bb5"}
EKS = {
    "AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://169.254.170.23/v1/credentials",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": "token",
    "AWS_STS_REGIONAL_ENDPOINTS": "regional",
}
FULL = "AWS_CONTAINER_CREDENTIALS_FULL_URI"
CONTAINERS: list[dict[str, str]] = [
    ECS,
    EKS,
    EKS | {FULL: "http://[fd00:ec2::23]/v1/credentials"},
    EKS | ECS,
    EKS | {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "not of the file"},
    {FULL: "http://localhost:1338/latest/meta-data/container/security-credentials"},
    {FULL: "http://127.0.0.1:80/", "AWS_CONTAINER_AUTHORIZATION_TOKEN": "secret"},
    {FULL: "http://127.0.0.1/", "AWS_CONTAINER_AUTHORIZATION_TOKEN": ""},
    {FULL: "http://127.0.0.1/", "AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
]


class Recorder(ContainerMetadataFetcher):
    """Asks nobody, and records what botocore would ask for."""

    asked: tuple[str, Any]

    def _retrieve_credentials(self, full_url: str, extra_headers: Any = None) -> dict[str, str]:
        self.asked = full_url, extra_headers
        keys = {"AccessKeyId": "A", "SecretAccessKey": "B", "Token": "C"}
        return {**keys, "Expiration": "2099-01-01T00:00:00Z"}


@pytest.mark.parametrize("environment", CONTAINERS)
def test_a_container_asks_for_its_keys_where_botocore_does(
    environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "token").write_text("of the file")
    found, recorder = plain_access("sqs", IRELAND, None, environment), Recorder()
    ContainerProvider(environment, recorder).load()

    assert found is not None
    assert not isinstance(found.keys, Keys)
    token = found.keys.token
    if found.keys.token_file is not None:
        token = Path(found.keys.token_file).read_text()
    url = f"{found.keys.origin}{found.keys.path}"
    assert (url, None if token is None else {"Authorization": token}) == recorder.asked


NO_CONTAINERS: dict[str, dict[str, str]] = {
    "neither": {},
    "a token alone": {"AWS_CONTAINER_AUTHORIZATION_TOKEN": "secret"},
    "another host": {FULL: "http://169.254.170.24/v1/credentials"},
    "a name like the loopback's": {FULL: "http://localhost.example/v1/credentials"},
    "TLS": {FULL: "https://keys.example/v1/credentials"},
    "no path": {FULL: "http://127.0.0.1:1338"},
    "a query": {FULL: "http://127.0.0.1:1338/?role=r"},
    "a password": {FULL: "http://127.0.0.1@evil.example/"},
    "a path with dots": {FULL: "http://127.0.0.1/a/../b"},
    "a line break": {FULL: "http://127.0.0.1/a\r\nhost: b"},
    "a relative path that is not": {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "@evil.example/"},
    "an empty path, which precedes": EKS | {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": ""},
    "half of other keys": EKS | {"AWS_ACCESS_KEY_ID": "AKIA"},
    "the other half": EKS | {"AWS_SECRET_ACCESS_KEY": "secret"},
    "a token of other keys": EKS | {"AWS_SESSION_TOKEN": "token"},
    "a web identity": EKS | {"AWS_WEB_IDENTITY_TOKEN_FILE": "token", "AWS_ROLE_ARN": "arn"},
    "a profile": EKS | {"AWS_PROFILE": "work"},
    "keys in a file of EC2": EKS | {"AWS_CREDENTIAL_FILE": "/etc/keys"},
    "a config file of boto": EKS | {"BOTO_CONFIG": "/etc/boto"},
    "shared credentials": EKS | {"AWS_SHARED_CREDENTIALS_FILE": "/etc/keys"},
    "a proxy": EKS | {"http_proxy": "http://proxy:3128"},
}


@pytest.mark.parametrize("case", NO_CONTAINERS)
def test_what_a_container_may_not_ask_for_itself_is_left_to_boto3(case: str) -> None:
    assert plain_access("sqs", IRELAND, None, NO_CONTAINERS[case]) is None


def test_every_file_that_botocore_asks_before_a_containers_keys_is_known() -> None:
    providers = botocore.session.get_session().get_component("credential_provider").providers
    asked_before = [provider.METHOD for provider in providers]
    asked_before = asked_before[: asked_before.index("container-role")]
    boto = next(provider for provider in providers if provider.METHOD == "boto-config")

    # Each reads variables that begin with AWS_ or BOTO, or settings, shared credentials or boto's files
    known = {"env", "assume-role", "assume-role-with-web-identity", "sso", "shared-credentials-file", "login"}
    known |= {"custom-process", "config-file", "ec2-credentials-file", "boto-config"}
    assert set(asked_before) <= known  # old versions have no login
    assert {*boto.DEFAULT_CONFIG_FILENAMES, "~/.aws/config", "~/.aws/credentials"} <= set(FILES)


@pytest.fixture(scope="module")
def container() -> Iterator[dict[str, str]]:
    with serving_keys() as server:
        yield {FULL: f"{server.url}/v1/credentials"}


NAMES = [*KEYS, "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_PROFILE"]
NAMES += ["AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_SNS", "AWS_EXECUTION_ENV", "aws_region", "NO_PROXY"]
NAMES += ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"]
VALUES = ["", "x", IRELAND, "us-east-1", "AKIA", LOCAL, f"{LOCAL}/", "https://a.example", "*", "true"]


@settings(max_examples=60)
@given(
    st.sampled_from([KEYS, {}]),
    st.sampled_from(["sqs", "sns"]),
    st.sampled_from([None, IRELAND, "us-gov-west-1"]),
    st.sampled_from([None, LOCAL, ""]),
    st.dictionaries(st.sampled_from(NAMES), st.sampled_from(VALUES)),
)
def test_no_mix_of_variables_is_understood_otherwise_than_by_botocore(
    container: dict[str, str],
    keys: dict[str, str],
    service: str,
    region: str | None,
    endpoint: str | None,
    more: dict[str, str],
) -> None:
    environment = container | keys | more
    found = plain_access(service, region, endpoint, environment)

    if found is not None:
        judged = by_botocore(service, region, endpoint, environment)
        judged = judged._replace(origin=judged.origin.removesuffix("/"))
        if not isinstance(found.keys, Keys):
            assert isinstance(judged.keys, Keys)
            assert str(judged.keys.token).startswith("token-of-the-container")
            found = found._replace(keys=judged.keys)
        assert found == judged

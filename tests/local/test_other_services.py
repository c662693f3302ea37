"""What SDKs of other services read when they ask the local broker: a refusal in their own service's words."""

import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from pubsub_tasks.local.server import LocalServer


@pytest.fixture(scope="module")
def server() -> Iterator[LocalServer]:
    with LocalServer() as running:
        yield running


def client(server: LocalServer, service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=server.url,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"max_attempts": 0}),
    )


def test_get_caller_identity_is_answered(server: LocalServer) -> None:
    identity = client(server, "sts").get_caller_identity()

    assert identity["Account"] == "000000000000"
    assert identity["Arn"] == "arn:aws:iam::000000000000:user/embedded"
    assert identity["UserId"]


OBJECT = {"Bucket": "orders", "Key": "a/b"}
ROLE = {"RoleArn": "arn:aws:iam::000000000000:role/shop", "RoleSessionName": "shop"}


@pytest.mark.parametrize(
    ("service", "method", "params", "code"),
    [
        ("s3", "list_buckets", {}, "NotImplemented"),
        ("s3", "get_object", OBJECT, "NotImplemented"),
        ("s3", "put_object", {**OBJECT, "Body": b"Action=Publish"}, "NotImplemented"),
        ("s3", "head_object", OBJECT, "501"),
        ("s3", "list_objects_v2", {"Bucket": "orders"}, "NotImplemented"),
        ("sts", "assume_role", ROLE, "InvalidAction"),
        ("iam", "list_users", {}, "InvalidAction"),
        ("cloudformation", "list_stacks", {}, "InvalidAction"),
        ("ec2", "describe_instances", {}, "InvalidAction"),
        ("route53", "list_hosted_zones", {}, "InvalidAction"),
        ("dynamodb", "list_tables", {}, "UnknownOperationException"),
        ("kinesis", "list_streams", {}, "UnknownOperationException"),
        ("secretsmanager", "list_secrets", {}, "UnknownOperationException"),
        ("events", "list_rules", {}, "UnknownOperationException"),
        ("scheduler", "list_schedules", {}, "UnknownOperationException"),
        ("lambda", "list_functions", {}, "UnknownOperationException"),
    ],
)
def test_what_is_not_served_is_refused_as_its_own_client_reads_it(
    server: LocalServer, service: str, method: str, params: dict[str, Any], code: str
) -> None:
    with pytest.raises(ClientError) as caught:
        getattr(client(server, service), method)(**params)

    assert caught.value.response["Error"]["Code"] == code
    if method != "head_object":
        assert "local broker" in str(caught.value) or "not supported by the local sts" in str(caught.value)


def test_a_presigned_request_does_not_get_the_banner(server: LocalServer) -> None:
    url = client(server, "s3").generate_presigned_url("get_object", OBJECT)

    assert get(url) == (501, True)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", (200, False)),
        ("/favicon.ico", (501, True)),
        ("/?list-type=2", (501, True)),
        ("/orders/a", (501, True)),
    ],
)
def test_a_browser_reads_the_banner_at_the_root_alone(
    server: LocalServer, path: str, expected: tuple[int, bool]
) -> None:
    assert get(server.url + path) == expected


def get(url: str) -> tuple[int, bool]:
    """Status, and whether the body is an error of S3's."""
    try:
        with urllib.request.urlopen(url) as answer:
            return answer.status, b"<Error>" in answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, b"<Error><Code>NotImplemented</Code>" in error.read()

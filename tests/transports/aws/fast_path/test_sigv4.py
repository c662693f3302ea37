"""A signature is the one that botocore would give."""

from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks.transports.aws.fast_path.sigv4 import Keys, Scope, sign

words = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20)
keys = st.builds(Keys, words, st.text("ABC/+abc123", min_size=1, max_size=40), st.none() | words)
HOST = (("host", "h"),)
KEYS = Keys("key", "secret", None)


def headers_of(head: bytes) -> dict[str, str]:
    request_line, *lines = head.decode().removesuffix("\r\n\r\n").split("\r\n")
    assert request_line == "POST / HTTP/1.1"
    headers = dict(line.split(": ", 1) for line in lines)
    assert len(headers) == len(lines)
    return headers


@given(st.binary(max_size=200), keys, st.builds(Scope, words, words), words, st.booleans())
def test_a_signature_equals_botocores(body: bytes, keys: Keys, scope: Scope, word: str, typed: bool) -> None:
    headers = {"x-amz-target": f"AmazonSQS.{word}"}
    if typed:
        headers["content-type"] = "application/x-amz-json-1.0"
    theirs = AWSRequest("POST", f"https://{scope.service}.example.com/", headers=headers, data=body)
    SigV4Auth(Credentials(*keys), scope.service, scope.region).add_auth(theirs)
    now = datetime.strptime(theirs.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()
    host = {"host": f"{scope.service}.example.com"}

    ours = headers_of(sign(tuple({**headers, **host}.items()), body, scope, keys, now))

    assert ours.pop("authorization") == theirs.headers["Authorization"]
    assert ours.pop("x-amz-security-token", None) == keys.token
    assert ours.pop("x-amz-date") == theirs.headers["X-Amz-Date"]
    assert ours == {**headers, **host, "content-length": str(len(body))}


def test_each_day_has_its_own_signing_key() -> None:
    scope = Scope("eu-west-1", "sqs")
    days = [datetime(2026, 11, day, tzinfo=UTC).timestamp() for day in (24, 25)]

    signatures = [headers_of(sign(HOST, b"", scope, KEYS, day))["authorization"] for day in days]

    assert "20261124/eu-west-1/sqs" in signatures[0]
    assert "20261125/eu-west-1/sqs" in signatures[1]
    assert signatures[0].rpartition("=")[2] != signatures[1].rpartition("=")[2]


@pytest.mark.parametrize(
    "keys",
    [
        KEYS._replace(token="token\n"),
        KEYS._replace(token="token\r\nx: y"),
        KEYS._replace(access_key="kéy"),
        KEYS._replace(access_key="key\0"),
    ],
)
def test_keys_that_would_break_the_head_are_not_sent(keys: Keys) -> None:
    with pytest.raises(ValueError, match="cannot be sent"):
        sign(HOST, b"", Scope("eu-west-1", "sqs"), keys, 0)

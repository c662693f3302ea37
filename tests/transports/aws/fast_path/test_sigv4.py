"""A signature is the one that botocore would give."""

from datetime import UTC, datetime

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from pubsub_tasks.transports.aws.fast_path.sigv4 import Keys, Scope, sign

words = st.text("abcdefghijklmnopqrstuvwxyz0123456789-", min_size=1, max_size=20)
keys = st.builds(Keys, words, st.text("ABC/+abc123", min_size=1, max_size=40), st.none() | words)


@given(st.binary(max_size=200), keys, st.builds(Scope, words, words), words, st.booleans())
def test_a_signature_equals_botocores(body: bytes, keys: Keys, scope: Scope, word: str, typed: bool) -> None:
    headers = {"x-amz-target": f"AmazonSQS.{word}"}
    if typed:
        headers["content-type"] = "application/x-amz-json-1.0"
    theirs = AWSRequest("POST", f"https://{scope.service}.example.com/", headers=headers, data=body)
    SigV4Auth(Credentials(*keys), scope.service, scope.region).add_auth(theirs)
    now = datetime.strptime(theirs.headers["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)

    ours = sign({**headers, "host": f"{scope.service}.example.com"}, body, scope, keys, now)

    assert ours["authorization"] == theirs.headers["Authorization"]
    assert ours.get("x-amz-security-token") == keys.token


def test_each_day_has_its_own_signing_key() -> None:
    scope, keys = Scope("eu-west-1", "sqs"), Keys("key", "secret", None)
    days = [datetime(2026, 11, day, tzinfo=UTC) for day in (24, 25)]

    signatures = [sign({"host": "h"}, b"", scope, keys, day)["authorization"] for day in days]

    assert "20261124/eu-west-1/sqs" in signatures[0]
    assert "20261125/eu-west-1/sqs" in signatures[1]
    assert signatures[0].rpartition("=")[2] != signatures[1].rpartition("=")[2]

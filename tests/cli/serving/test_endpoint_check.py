"""Whether a queue is where the requests for it go."""

import pytest

from pubsub_tasks.cli.serving.endpoint_check import elsewhere

AWS = "https://sqs.eu-west-1.amazonaws.com"


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/1/q", AWS),
        ("https://sqs.cn-north-1.amazonaws.com.cn/1/q", AWS),
        ("https://vpce-1.sqs.eu-west-1.vpce.amazonaws.com/1/q", AWS),
        ("https://sqs.eu-west-1.api.aws/1/q", AWS),
        ("https://queue.amazonaws.com/1/q", "http://127.0.0.1:4566"),
        ("http://127.0.0.1:4566/1/q", "http://127.0.0.1:4566/"),
        ("http://Emulator:9324/1/q", "http://emulator:4566"),
        ("http://[::1]:4566/1/q", "http://[0:0:0:0:0:0:0:1]:4566"),
        ("http://[::1]:4566/1/q", "http://127.0.0.1:4566"),
        ("http://localhost:4566/1/q", "http://127.0.0.1:4566"),
        ("http://[fd00::0007]:4566/1/q", "http://[FD00::7]:4566"),
    ],
)
def test_nothing_is_told_of_aws_and_of_the_endpoint_s_own_queues(url: str, endpoint: str) -> None:
    assert elsewhere(url, endpoint) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:4566/1/q",
        "http://[::1]:4566/1/q",
        "https://amazonaws.com.example.org/1/q",
        "https://notamazonaws.com/1/q",
    ],
)
def test_an_emulator_s_queue_without_its_endpoint_is_told(url: str) -> None:
    told = elsewhere(url, AWS)

    assert told is not None
    assert f"{url} is asked of {AWS}" in told
    assert "AWS_ENDPOINT_URL" in told

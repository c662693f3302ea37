"""Whether a queue is where the requests for it go."""

import pytest

from pubsub_tasks.cli.serving.endpoint_check import host_mismatch

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
def test_queues_of_aws_and_of_the_endpoint_need_no_warning(url: str, endpoint: str) -> None:
    assert host_mismatch(url, endpoint) is None


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:4566/1/q",
        "http://[::1]:4566/1/q",
        "https://amazonaws.com.example.org/1/q",
        "https://notamazonaws.com/1/q",
    ],
)
def test_a_queue_of_another_host_than_the_endpoint_gives_a_warning(url: str) -> None:
    warning = host_mismatch(url, AWS)

    assert warning is not None
    assert f"requests for {url} go to {AWS}" in warning
    assert "AWS_ENDPOINT_URL" in warning

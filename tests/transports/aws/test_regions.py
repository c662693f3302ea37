"""Where a queue or topic lives, by its own address."""

import pytest

from pubsub_tasks.transports.aws.regions import region_of_arn, region_of_url


@pytest.mark.parametrize(
    ("url", "region"),
    [
        ("https://sqs.eu-west-1.amazonaws.com/123456789012/orders", "eu-west-1"),
        ("https://sqs.cn-north-1.amazonaws.com.cn/123456789012/orders", "cn-north-1"),
        ("https://sqs.us-gov-west-1.amazonaws.com/123456789012/orders", "us-gov-west-1"),
        ("https://sqs-fips.us-east-2.amazonaws.com/123456789012/orders", "us-east-2"),
        ("https://sqs.eu-north-1.api.aws/123456789012/orders", "eu-north-1"),
        ("https://vpce-0a1-b2.sqs.eu-west-3.vpce.amazonaws.com/123456789012/orders", "eu-west-3"),
        ("https://ap-southeast-2.queue.amazonaws.com/123456789012/orders", "ap-southeast-2"),
        ("https://queue.amazonaws.com/123456789012/orders", "us-east-1"),
        ("http://sqs.eu-west-1.localhost.localstack.cloud:4566/000000000000/orders", "eu-west-1"),
        ("http://127.0.0.1:4566/000000000000/sqs.eu-west-1.orders", None),
        ("https://sqs.example.com/123456789012/orders", None),
    ],
)
def test_the_region_of_a_queue_url(url: str, region: str | None) -> None:
    assert region_of_url(url) == region


@pytest.mark.parametrize(
    ("arn", "region"),
    [
        ("arn:aws:sns:eu-west-1:123456789012:orders", "eu-west-1"),
        ("arn:aws-cn:sqs:cn-north-1:123456789012:orders", "cn-north-1"),
        ("arn:aws:s3:::bucket", None),
        ("orders", None),
    ],
)
def test_the_region_of_an_arn(arn: str, region: str | None) -> None:
    assert region_of_arn(arn) == region

"""Calls of any AWS API through boto3, whose errors are this package's."""

from collections.abc import Callable, Mapping
from typing import Any

from botocore import xform_name
from botocore.exceptions import BotoCoreError, ClientError
from botocore.session import Session

from ...errors import TransportError
from .aws_api import Api


def boto_api(client: Callable[..., Any], region: str | None = None) -> Api:
    """The API through boto3; `client` returns its client of a service, or raises ConfigurationError.

    With the clients' `region`, calls about a topic of another region go to `client(service, its_region)`.
    """

    def call(service: str, action: str, params: Mapping[str, Any]) -> dict[str, Any]:
        other = _region_of_topic(params) if region and service == "sns" else None
        target = client(service) if other in (None, region) else client(service, other)
        try:
            answer: dict[str, Any] = getattr(target, xform_name(action))(**params)
        except ClientError as error:
            code = error.response["Error"].get("Code", "")
            text = error.response["Error"].get("Message") or str(error)
            raise TransportError(
                f"{_named(service, action, params)} was refused: {code}: {text}", code=code
            ) from error
        except BotoCoreError as error:
            raise TransportError(
                f"{_named(service, action, params)} failed: {error}", code=type(error).__name__
            ) from error
        return answer

    return call


def known_regions() -> list[str]:
    """The regions that botocore knows, of all partitions."""
    session = Session()
    return [
        name
        for partition in session.get_available_partitions()
        for name in session.get_available_regions("sqs", partition)
    ]


_NAMES = (
    "QueueName",
    "QueueUrl",
    "Name",
    "TopicArn",
    "ResourceArn",
    "SubscriptionArn",
    "RoleName",
    "AlarmName",
    "Bucket",
    "KeyId",
)


def _region_of_topic(params: Mapping[str, Any]) -> str | None:
    arn = str(params.get("TopicArn") or params.get("SubscriptionArn") or "").split(":")
    return arn[3] if len(arn) > 5 else None


def _named(service: str, action: str, params: Mapping[str, Any]) -> str:
    target = next((f" {params[name]}" for name in _NAMES if name in params), "")
    return f"{service}:{action}{target}"

"""The AWS transport: SNS and SQS through boto3."""

import re
from functools import partial
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from ...errors import ConfigurationError, TransportError
from ...tasks.events import Called
from ...tasks.observers import Observers
from ...untrusted.addresses import host_of
from ...wire.records import CREDENTIAL_CODES
from ..observed_calls import observe_call
from ..protocols import Features
from ..sns import SnsPublisher
from ..sqs import SqsQueue, find_queue_url
from .clients import Clients, ServiceClient
from .clients import ClientSettings as ClientSettings
from .regions import region_of_arn, region_of_url
from .timeouts import read_timeout_of

_QUEUE_URL = re.compile(r"https?://[^/\s]+/(?:[^/\s]+/)+[^/\s]+/?")


class AwsTransport:
    """Queues and topics of AWS, or of the service at AWS_ENDPOINT_URL. Safe to share between threads.

    Clients are created on first use, one per region and timeout, and created again in a forked child.
    """

    def __init__(self, settings: ClientSettings | None = None, observers: Observers | None = None) -> None:
        """`observers` get a `Called` event for each call that publishes or uses a queue."""
        self._observers = observers or Observers()
        self._clients = Clients(settings or ClientSettings())
        self._urls: dict[str, str] = {}

    @property
    def features(self) -> Features:
        return Features()

    def publisher(self) -> SnsPublisher:
        return SnsPublisher(self._publish)

    def queue(self, url: str) -> SqsQueue:
        """The queue with this URL. Raises ConfigurationError if it is not a queue URL."""
        if not (_QUEUE_URL.fullmatch(url) and host_of(url)):
            raise ConfigurationError(
                f"{url!r} is not a queue URL: expected https://sqs.<region>.amazonaws.com/<account>/<name>"
            )
        return SqsQueue(url, partial(self._sqs, region_of_url(url)))

    def queue_url(self, arn: str) -> str:
        if arn not in self._urls:
            self._urls[arn] = find_queue_url(partial(self._sqs, region_of_arn(arn)), arn)
        return self._urls[arn]

    def client(self, service: str, region: str | None = None) -> Any:
        """boto3's client of a service such as `sns` or `s3`. Raises ConfigurationError."""
        return self._clients.client(service, region)

    def _publish(self, action: str, params: dict[str, Any], failure: type[TransportError]) -> dict[str, Any]:
        return self._call("sns", region_of_arn(params["TopicArn"]), action, params, failure)

    def _sqs(
        self, region: str | None, action: str, params: dict[str, Any], failure: type[TransportError]
    ) -> dict[str, Any]:
        return self._call("sqs", region, action, params, failure)

    def _call(
        self,
        service: str,
        region: str | None,
        action: str,
        params: dict[str, Any],
        failure: type[TransportError],
    ) -> dict[str, Any]:
        settings = self._clients.settings
        wait = max(settings.wait, params.get("WaitTimeSeconds", 0))
        timeout = read_timeout_of(action, settings.read_timeout, wait, settings.lease)

        def call() -> dict[str, Any]:
            client = self._clients.service_client(service, region, timeout, failure)
            try:
                return _carry_out(client, action, params, failure)
            except TransportError as error:
                # A call with refused keys did nothing, so it can be repeated with new ones.
                if (
                    error.code not in CREDENTIAL_CODES
                    or (again := self._clients.service_client(service, region, timeout, failure)) is client
                ):
                    raise
            return _carry_out(again, action, params, failure)

        return (
            observe_call(self._observers, service, action, call) if self._observers.wants(Called) else call()
        )


def _carry_out(
    client: ServiceClient, action: str, params: dict[str, Any], failure: type[TransportError]
) -> dict[str, Any]:
    if client.fast_path and (quick := client.fast_path.call(action, params)) is not None:
        return quick
    try:
        answer: dict[str, Any] = getattr(client.client, xform_name(action))(**params)
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        raise failure(f"{action} on {_address(params)} failed: {error}", code=code) from error
    except Exception as error:  # botocore's errors, and any that its parsers raise for a malformed response
        text = f"{action} on {_address(params)} failed: {error}"
        raise failure(text, code=type(error).__name__) from error
    finally:
        if client.fast_path:
            client.fast_path.forget()
    if not isinstance(answer, dict):
        raise failure(
            f"{action} on {_address(params)} failed: the response is {answer!r:.80}", code="NoAnswer"
        )
    return answer


def _address(params: dict[str, Any]) -> str:
    names = ("QueueUrl", "TopicArn", "QueueName", "SourceArn", "TaskHandle")
    return next(str(params[name]) for name in names if name in params)

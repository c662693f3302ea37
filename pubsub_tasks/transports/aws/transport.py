"""AwsTransport: SNS and SQS through boto3. Knows actions and their failures; no queue's rules."""

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
from ..observed_calls import observed
from ..protocols import Features
from ..sns import SnsPublisher
from ..sqs import SqsQueue, find_queue_url
from .clients import Clients, Made
from .clients import ClientSettings as ClientSettings
from .regions import region_of_arn, region_of_url
from .time_outs import answer_within

_QUEUE_URL = re.compile(r"https?://[^/\s]+/(?:[^/\s]+/)+[^/\s]+/?")


class AwsTransport:
    """Queues and topics of AWS, or of what answers at AWS_ENDPOINT_URL. Safe to share between threads.

    Clients are made when first needed, one per region and purpose, and made anew in a forked child.
    """

    def __init__(self, settings: ClientSettings | None = None, observers: Observers | None = None) -> None:
        """`observers` are told of each call that publishes to or uses a queue, as `Called`."""
        self._observers = observers or Observers()
        self._clients = Clients(settings or ClientSettings())
        self._urls: dict[str, str] = {}

    @property
    def features(self) -> Features:
        return Features()

    def publisher(self) -> SnsPublisher:
        return SnsPublisher(self._publish)

    def queue(self, url: str) -> SqsQueue:
        """Raises ConfigurationError for what is no URL of a queue."""
        if not (_QUEUE_URL.fullmatch(url) and host_of(url)):
            raise ConfigurationError(
                f"{url!r} is no queue URL: one reads https://sqs.<region>.amazonaws.com/<account>/<name>"
            )
        return SqsQueue(url, partial(self._sqs, region_of_url(url)))

    def queue_url(self, arn: str) -> str:
        if arn not in self._urls:
            self._urls[arn] = find_queue_url(partial(self._sqs, region_of_arn(arn)), arn)
        return self._urls[arn]

    def client(self, service: str, region: str | None = None) -> Any:
        """boto3's client of `sns` or `sqs`, such as provisioning takes. Raises ConfigurationError."""
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
        timeout = answer_within(action, settings.read_timeout, wait, settings.lease)

        def call() -> dict[str, Any]:
            made = self._clients.made(service, region, timeout, failure)
            try:
                return _carry_out(made, action, params, failure)
            except TransportError as error:
                # Nothing was done by keys that are refused; there may be new ones.
                if (
                    error.code not in CREDENTIAL_CODES
                    or (again := self._clients.made(service, region, timeout, failure)) is made
                ):
                    raise
            return _carry_out(again, action, params, failure)

        return observed(self._observers, service, action, call) if self._observers.wants(Called) else call()


def _carry_out(
    made: Made, action: str, params: dict[str, Any], failure: type[TransportError]
) -> dict[str, Any]:
    if made.fast_path and (quick := made.fast_path.call(action, params)) is not None:
        return quick
    try:
        answer: dict[str, Any] = getattr(made.client, xform_name(action))(**params)
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        raise failure(f"{action} on {_address(params)} failed: {error}", code=code) from error
    except Exception as error:  # botocore's own, and whatever its parsers make of an odd answer
        text = f"{action} on {_address(params)} failed: {error}"
        raise failure(text, code=type(error).__name__) from error
    finally:
        if made.fast_path:
            made.fast_path.forget()
    if not isinstance(answer, dict):
        raise failure(f"{action} on {_address(params)} failed: the answer is {answer!r:.80}", code="NoAnswer")
    return answer


def _address(params: dict[str, Any]) -> str:
    names = ("QueueUrl", "TopicArn", "QueueName", "SourceArn", "TaskHandle")
    return next(str(params[name]) for name in names if name in params)

"""The AWS transport: SNS and SQS through boto3, which is loaded when it is first needed."""

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from ...errors import ConfigurationError, TransportError
from ...lifecycle import forks
from ...tasks.events import Called
from ...tasks.observers import Observers
from ...untrusted.addresses import host_of
from ..observed_calls import observe_call
from ..protocols import Features
from ..sns import SnsPublisher
from ..sqs import SqsQueue, find_queue_url
from .client_settings import ClientSettings as ClientSettings
from .regions import region_of_arn, region_of_url
from .timeouts import read_timeout_of
from .without_boto3.plain_calls import PlainCalls

if TYPE_CHECKING:
    from .boto3_calls import Boto3Calls

_QUEUE_URL = re.compile(r"https?://[^/\s]+/(?:[^/\s]+/)+[^/\s]+/?")


class AwsTransport:
    """Queues and topics of AWS, or of the service at AWS_ENDPOINT_URL. Safe to share between threads.

    Clients are created on first use, one per region and timeout, and created again in a forked child.
    """

    def __init__(self, settings: ClientSettings | None = None, observers: Observers | None = None) -> None:
        """`observers` get a `Called` event for each call that publishes or uses a queue."""
        self._observers = observers or Observers()
        self._settings = settings or ClientSettings()
        self._plain: PlainCalls | None = PlainCalls(self._settings)
        self._boto3: Boto3Calls | None = None
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
        return self.boto3.clients.client(service, region)

    def endpoint(self, service: str, region: str | None = None) -> str:
        """Where requests to a service go. Raises ConfigurationError."""
        plain = self._plain
        origin = plain.origin(service, region) if plain else None
        return origin or str(self.client(service, region).meta.endpoint_url)

    @property
    def boto3(self) -> "Boto3Calls":
        """boto3, which makes all calls from now on."""
        if self._boto3 is None:
            with forks.blocked():
                self._boto3 = self._boto3 or self._load_boto3()
                self._plain = None
        return self._boto3

    def _load_boto3(self) -> "Boto3Calls":
        from .boto3_calls import Boto3Calls

        return Boto3Calls(self._settings)

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
        settings = self._settings
        wait = max(settings.wait, params.get("WaitTimeSeconds", 0))
        timeout = read_timeout_of(action, settings.read_timeout, wait, settings.lease)

        def call() -> dict[str, Any]:
            plain = self._plain
            if plain and (answer := plain.call(service, region, timeout, action, params)) is not None:
                return answer
            return self.boto3.call(service, region, timeout, action, params, failure)

        return (
            observe_call(self._observers, service, action, call) if self._observers.wants(Called) else call()
        )

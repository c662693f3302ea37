"""Makes API calls with boto3's clients, and the hot calls with the fast path of the same clients."""

from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from ...errors import TransportError
from ...wire.records import CREDENTIAL_CODES
from .client_settings import ClientSettings
from .clients import Clients, ServiceClient


class Boto3Calls:
    """The calls of one transport. Safe to share between threads.

    Attributes:
        clients: boto3's clients.
    """

    def __init__(self, settings: ClientSettings) -> None:
        self.clients = Clients(settings)

    def call(
        self,
        service: str,
        region: str | None,
        timeout: float,
        action: str,
        params: dict[str, Any],
        failure: type[TransportError],
    ) -> dict[str, Any]:
        """Make a call; it is aborted after `timeout` seconds without a response.

        Raises `failure`, ConfigurationError.
        """
        client = self.clients.service_client(service, region, timeout, failure)
        try:
            return _carry_out(client, action, params, failure)
        except TransportError as error:
            # A call with refused keys did nothing, so it can be repeated with new ones.
            if (
                error.code not in CREDENTIAL_CODES
                or (again := self.clients.service_client(service, region, timeout, failure)) is client
            ):
                raise
        return _carry_out(again, action, params, failure)


def _carry_out(
    client: ServiceClient, action: str, params: dict[str, Any], failure: type[TransportError]
) -> dict[str, Any]:
    keys = client.keys(failure)
    try:
        if client.fast_path and (quick := client.fast_path.call(action, params, keys)) is not None:
            return quick
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

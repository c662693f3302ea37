"""Lifecycle messages, which say that a resource was created, changed or deleted, and handlers for them.

`created("order")` returns the media type. The content is the URI of the resource, which a `URIHandler`
fetches. If the message arrives before the resource exists, it is retried.
"""

import json
import re
from collections.abc import Collection, Mapping
from http import HTTPStatus
from typing import Any

from .errors import TransportError
from .messages.headers import current_headers
from .signals import Nack, SkipMessage
from .transports.http_resource import MAX_SIZE, Fetcher
from .wire.media_types import changed as changed
from .wire.media_types import created as created
from .wire.media_types import deleted as deleted

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""A header name. Source: RFC 9110, section 5.6.2."""

_VALUE = re.compile(r"[\x21-\x7e\x80-\xff](?:[\t \x21-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?")
"""A header value. Source: RFC 9110, section 5.5."""


class URIHandler:
    """Base class of handlers that fetch the resource at a message's URI. Override `handle`.

        @binding("order_handler")
        @handles(created("order"))
        class OrderHandler(URIHandler):
            def handle(self, message, uri, resource): ...

    If the resource does not exist (404), or its changed field does not have the new value yet, the handler
    raises `Nack`: the message is retried after `resource_nack_timeout` seconds, or after the retry policy's
    wait, until the policy stops.

    Only hosts in `allowed_hosts` and hosts whose addresses are all public are fetched from. Redirects are
    followed within the same scheme, host and port. Any other URI raises ResourceRefused, and the message is
    dead-lettered.
    """

    allowed_hosts: Collection[str] = ()
    """Hosts that may have private addresses, such as your own services: `orders.internal`, `*.internal`."""

    forwarded_headers: Collection[str] = ("x-request-id",)
    """Headers of the message that are sent to the server. Anyone who may publish chooses their values: do not
    include headers that the server trusts, such as `authorization`."""

    max_resource_size: int = MAX_SIZE
    """Bytes that a resource may have; a larger one raises TransportError."""

    resource_type: type = dict
    """The type that `convert_resource` makes, with the names in the JSON as keyword arguments."""

    nack_if_not_found = True
    """Whether to retry if the resource does not exist or does not have the new value yet."""

    def __init__(
        self, graph: Any = None, *, resource_nack_timeout: float | None = None, timeout: float = 10.0
    ) -> None:
        """`timeout` is in seconds, for the connection and for each part of the response."""
        self.resource_nack_timeout = resource_nack_timeout
        self._fetcher = Fetcher(self.allowed_hosts, timeout, self.max_resource_size)

    def __call__(self, message: Mapping[str, Any]) -> Any:
        """Handle a message. Raises what `get_resource` and `handle` raise, and SkipMessage."""
        uri = message["uri"]
        reason = self.get_reason_to_skip(message, uri)
        if reason is not None:
            raise SkipMessage(reason)
        resource = self.get_resource(message, uri)
        return self.handle(message, uri, self.convert_resource(resource))

    def get_reason_to_skip(self, message: Mapping[str, Any], uri: str) -> str | None:
        """Return a reason to skip the message without fetching its resource, or None to handle it."""
        return None

    def handle(self, message: Mapping[str, Any], uri: str, resource: Any) -> Any:
        """Handle the resource. A falsy return value counts as skipped."""
        return True

    def get_headers(self, message: Mapping[str, Any]) -> dict[str, str]:
        """Return the headers to send: those of the message that `forwarded_headers` names."""
        wanted = {name.lower() for name in self.forwarded_headers}
        return {
            name: value
            for name, value in current_headers().items()
            if name.lower() in wanted and _NAME.fullmatch(name) and _VALUE.fullmatch(value)
        }

    def get_resource(self, message: Mapping[str, Any], uri: str) -> Any:
        """Fetch the JSON at the URI.

        Raises Nack if the resource is not as expected yet, ResourceRefused for a URI that must not be
        fetched, and TransportError for any response that is not successful JSON.
        """
        headers = {"accept": "application/json", **self.get_headers(message)}
        status, body = self._fetcher.get(uri, headers)
        if status == HTTPStatus.NOT_FOUND and self.nack_if_not_found:
            raise Nack(self.resource_nack_timeout)
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            raise TransportError(f"GET {uri} was answered with {status}", code=str(status))
        try:
            resource = json.loads(body)
        except ValueError as error:
            raise TransportError(
                f"GET {uri} was answered with a body that is not JSON: {error}", code="NoJSON"
            ) from error
        self.validate_changed_field(message, resource)
        return resource

    def validate_changed_field(self, message: Mapping[str, Any], resource: Any) -> None:
        """Raise Nack if the message has a field's new value, and the resource does not have it yet."""
        field, expected = message.get("field_name"), message.get("new_value")
        if field is None or expected is None or not self.nack_if_not_found:
            return
        value = resource.get(field)
        if expected not in (value, str(value), json.dumps(value)):
            raise Nack(self.resource_nack_timeout)

    def convert_resource(self, resource: Any) -> Any:
        """Return the resource as `resource_type`."""
        return resource if isinstance(resource, self.resource_type) else self.resource_type(**resource)

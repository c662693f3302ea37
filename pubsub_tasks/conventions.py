"""Conventions: messages that say what happened to a resource and where to find it, and their handlers.

`created("order")` names the media type. Its content is the resource's URI, which a `URIHandler` fetches: the
message may be here before the resource is, and then it is tried again.
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
"""A header's name. Source: RFC 9110, section 5.6.2."""

_VALUE = re.compile(r"[\x21-\x7e\x80-\xff](?:[\t \x21-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?")
"""A header's value. Source: RFC 9110, section 5.5."""


class URIHandler:
    """Fetches the resource at a message's URI, and handles that. Override `handle`, and what is to differ.

        @binding("order_handler")
        @handles(created("order"))
        class OrderHandler(URIHandler):
            def handle(self, message, uri, resource): ...

    A resource that is not there (404), or whose changed field has not its new value yet, is `Nack`: tried
    again in `resource_nack_timeout` seconds, or when the retry policy says, until it says stop.

    A URI is fetched from a host in `allowed_hosts`, or from one whose addresses are all public; redirects are
    followed within the same scheme, host and port. Anything else raises ResourceRefused, which is
    dead-lettered.
    """

    allowed_hosts: Collection[str] = ()
    """Hosts that may have private addresses, such as your own services: `orders.internal`, `*.internal`."""

    forwarded_headers: Collection[str] = ("x-request-id",)
    """Headers of the message that are sent to the server. A message may come from anybody, so name no header
    that the server trusts, such as `authorization`."""

    max_resource_size: int = MAX_SIZE
    """Bytes of a resource that are read; a larger one raises TransportError."""

    resource_type: type = dict
    """What a resource is made into, by the names in its JSON."""

    nack_if_not_found = True
    """Whether a resource that is not there, or not as told, may come to be."""

    def __init__(
        self, graph: Any = None, *, resource_nack_timeout: float | None = None, timeout: float = 10.0
    ) -> None:
        """`timeout` is the seconds in which a server must connect, and send each part of its answer."""
        self.resource_nack_timeout = resource_nack_timeout
        self._fetcher = Fetcher(self.allowed_hosts, timeout, self.max_resource_size)

    def __call__(self, message: Mapping[str, Any]) -> Any:
        """Raises SkipMessage, Nack, ResourceRefused, TransportError, and what `handle` does."""
        uri = message["uri"]
        reason = self.get_reason_to_skip(message, uri)
        if reason is not None:
            raise SkipMessage(reason)
        resource = self.get_resource(message, uri)
        return self.handle(message, uri, self.convert_resource(resource))

    def get_reason_to_skip(self, message: Mapping[str, Any], uri: str) -> str | None:
        """Why the message alone tells that there is nothing to do; None to fetch the resource."""
        return None

    def handle(self, message: Mapping[str, Any], uri: str, resource: Any) -> Any:
        """Do the work; a falsy answer counts as skipped."""
        return True

    def get_headers(self, message: Mapping[str, Any]) -> dict[str, str]:
        """The headers to send: those of the message that `forwarded_headers` names."""
        wanted = {name.lower() for name in self.forwarded_headers}
        return {
            name: value
            for name, value in current_headers().items()
            if name.lower() in wanted and _NAME.fullmatch(name) and _VALUE.fullmatch(value)
        }

    def get_resource(self, message: Mapping[str, Any], uri: str) -> Any:
        """The JSON at the URI.

        Raises Nack, ResourceRefused for a URI that may not be fetched, and TransportError for anything but an
        answer of JSON.
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
            raise TransportError(f"GET {uri} was answered with no JSON: {error}", code="NoJSON") from error
        self.validate_changed_field(message, resource)
        return resource

    def validate_changed_field(self, message: Mapping[str, Any], resource: Any) -> None:
        """Raise Nack where the message tells a field's new value, and the resource has it not yet."""
        field, told = message.get("field_name"), message.get("new_value")
        if field is None or told is None or not self.nack_if_not_found:
            return
        found = resource.get(field)
        if told not in (found, str(found), json.dumps(found)):
            raise Nack(self.resource_nack_timeout)

    def convert_resource(self, resource: Any) -> Any:
        """The resource as `resource_type`."""
        return resource if isinstance(resource, self.resource_type) else self.resource_type(**resource)

"""What reading and applying need of AWS: a function that makes any call; and lists by the page."""

from collections.abc import Iterator, Mapping
from typing import Any, Protocol

from ...errors import ConfigurationError, TransportError
from ..planning.steps import Call


class Api(Protocol):
    """Makes calls of AWS APIs. Safe to share between threads."""

    def __call__(self, service: str, action: str, params: Mapping[str, Any]) -> dict[str, Any]:
        """Make a call with boto3's parameters, and return its answer in boto3's shape.

        Raises TransportError with the service's error code.
        """
        ...


def make_call(api: Api, call: Call) -> dict[str, Any]:
    """Make a planned call. Raises TransportError."""
    return api(call.service, call.action, call.params)


def pages(
    api: Api, service: str, action: str, field: str, token: str = "NextToken", **params: Any
) -> Iterator[Any]:
    """The items of a list in `field`, page after page. Raises TransportError."""
    while True:
        page = api(service, action, params)
        yield from page.get(field) or ()
        if not page.get(token):
            return
        params[token] = page[token]


def found_or_none(api: Api, missing: frozenset[str], service: str, action: str, **params: Any) -> Any:
    """The answer, or None if the error code says that there is no such thing. Raises TransportError."""
    try:
        return api(service, action, params)
    except TransportError as error:
        if error.code in missing:
            return None
        raise


def require(found: Any, what: str) -> Any:
    """The value. Raises ConfigurationError if it is None, since `what` does not exist."""
    if found is None:
        raise ConfigurationError(f"{what} does not exist: create it, or name another")
    return found

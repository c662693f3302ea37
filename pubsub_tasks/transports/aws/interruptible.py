"""Lets an `Interruption` end a call of boto3 that waits for its response, by shutting down the call's socket.

Neither botocore nor urllib3 gives access to the connection of a call. So a client gets connection pools whose
connections register for the interruption themselves.
"""

import logging
import socket
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from ...lifecycle.interruption import interruption_of_call

logger = logging.getLogger(__name__)


class _Interruptible:
    """Mixed into botocore's connection classes."""

    sock: Any

    def request(self, *args: Any, **options: Any) -> Any:
        if (interruption := interruption_of_call()) is not None:
            interruption.check()
        return super().request(*args, **options)  # type: ignore[misc]

    def getresponse(self, *args: Any, **options: Any) -> Any:
        if (interruption := interruption_of_call()) is None:
            return super().getresponse(*args, **options)  # type: ignore[misc]
        with interruption.waiting(self._shut_down):
            return super().getresponse(*args, **options)  # type: ignore[misc]

    def _shut_down(self) -> None:
        # Not the method of an SSL socket, which drops the TLS session that another thread reads from.
        with suppress(OSError, TypeError):
            socket.socket.shutdown(self.sock, socket.SHUT_RDWR)


def make_interruptible(client: Any) -> None:
    """Give a boto3 client connections that can be interrupted. Call it before the client's first call.

    It relies on private attributes of botocore; if they change, calls are not interrupted.
    """
    try:
        session = client._endpoint.http_session
        pools = _pool_classes(session._pool_classes_by_scheme)
        session._manager.pool_classes_by_scheme = session._pool_classes_by_scheme = pools
    except Exception as error:
        logger.debug("calls of this client cannot be interrupted: %r", error)


def _pool_classes(pools: Mapping[str, type[Any]]) -> dict[str, type[Any]]:
    return {scheme: _pool_class(pool) for scheme, pool in pools.items()}


def _pool_class(pool: type[Any]) -> type[Any]:
    connection = type(pool.ConnectionCls.__name__, (_Interruptible, pool.ConnectionCls), {})
    return type(pool.__name__, (pool,), {"ConnectionCls": connection})

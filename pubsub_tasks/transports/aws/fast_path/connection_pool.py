"""A pool of connections with the settings of a boto3 client's, made without importing half of botocore.

The tests compare it with botocore's own. What urllib3 refuses beyond botocore, such as TLS before 1.2, fails,
and so is left to boto3.
"""

import socket
from pathlib import Path
from typing import Any

import botocore
from urllib3 import HTTPConnectionPool, PoolManager, Timeout
from urllib3.util.ssl_ import create_urllib3_context

_SOCKET_OPTIONS = [
    (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1),
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
]
"""Those of botocore with `tcp_keepalive`."""


def connection_pool(
    origin: str, ca_bundle: str | None, connect_timeout: float, read_timeout: float, maxsize: int
) -> HTTPConnectionPool:
    """The pool for an origin: scheme, host and port.

    Args:
        ca_bundle: a file of certificates to trust; None for botocore's choice.
        connect_timeout: seconds.
        read_timeout: seconds.
        maxsize: the most idle connections.
    """
    tls: dict[str, Any] = {}
    if origin.startswith("https:"):
        tls = {"ssl_context": create_urllib3_context(), "cert_reqs": "CERT_REQUIRED"}
        tls["ca_certs"] = ca_bundle or _default_ca_bundle()
    manager = PoolManager(
        timeout=Timeout(connect=connect_timeout, read=read_timeout),
        maxsize=maxsize,
        socket_options=_SOCKET_OPTIONS,
        **tls,
    )
    return manager.connection_from_url(origin)


def _default_ca_bundle() -> str:
    """certifi's if it is installed, as in botocore."""
    try:
        from certifi import where
    except ImportError:
        return str(Path(botocore.__file__).with_name("cacert.pem"))
    return where()

"""Three environments: memory on a virtual clock, the local broker over HTTP, and moto's server."""

import logging
from collections.abc import Iterator
from dataclasses import replace

import pytest
from moto.server import ThreadedMotoServer

from pubsub_tasks.local.server import LocalServer
from pubsub_tasks.testing.clock import VirtualClock
from pubsub_tasks.transports.aws.clients import ClientSettings
from pubsub_tasks.transports.aws.transport import AwsTransport
from pubsub_tasks.transports.memory import MemoryTransport
from tests.contract.environments import MOTO, Environment

REGION = "eu-west-1"


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "nobody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")


@pytest.fixture
def memory() -> Environment:
    clock = VirtualClock()
    transport = MemoryTransport(clock=clock)
    return Environment(transport, transport.client("sns"), transport.client("sqs"), transport.features, clock)


@pytest.fixture(scope="session")
def http_transport() -> Iterator[AwsTransport]:
    with LocalServer(region=REGION) as server:
        yield AwsTransport(ClientSettings(region=REGION, endpoint_url=server.url))


@pytest.fixture
def http(http_transport: AwsTransport) -> Environment:
    return _over_http(http_transport)


@pytest.fixture(scope="session")
def moto_transport() -> Iterator[AwsTransport]:
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield AwsTransport(ClientSettings(region=REGION, endpoint_url=f"http://{host}:{port}"))
    server.stop()


@pytest.fixture
def moto(moto_transport: AwsTransport) -> Environment:
    return replace(_over_http(moto_transport), features=MOTO)


@pytest.fixture(params=["memory", "http", "moto"])
def environment(request: pytest.FixtureRequest) -> Environment:
    made: Environment = request.getfixturevalue(request.param)
    return made


def _over_http(transport: AwsTransport) -> Environment:
    return Environment(transport, transport.client("sns"), transport.client("sqs"), transport.features)

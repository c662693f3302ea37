"""A client of a local broker, and the errors of calls that it refuses."""

from collections.abc import Callable
from typing import Any

import pytest

from pubsub_tasks.local.rules.service_errors import ServiceError
from tests.local.broker_client import BrokerClient


@pytest.fixture
def client() -> BrokerClient:
    return BrokerClient()


@pytest.fixture
def refused() -> Callable[..., ServiceError]:
    """The error of a call that the broker refuses: `refused(client.send, url, "")`."""

    def ask(call: Callable[..., object], *args: Any, **kwargs: Any) -> ServiceError:
        with pytest.raises(ServiceError) as caught:
            call(*args, **kwargs)
        return caught.value

    return ask

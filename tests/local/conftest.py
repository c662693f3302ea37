"""A desk to speak with a broker at, and what it says when it refuses."""

from collections.abc import Callable
from typing import Any

import pytest

from pubsub_tasks.local.rules.service_errors import ServiceError
from tests.local.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
def refused() -> Callable[..., ServiceError]:
    """What the broker says to a call that it refuses: `refused(desk.send, url, "")`."""

    def ask(call: Callable[..., object], *args: Any, **kwargs: Any) -> ServiceError:
        with pytest.raises(ServiceError) as caught:
            call(*args, **kwargs)
        return caught.value

    return ask

"""A worker that starts while the service does not answer waits for it, and is not sent back to its user."""

import logging

import pytest

from pubsub_tasks.cli.startup_retry import retry_until_answered
from pubsub_tasks.errors import ConfigurationError, TransportError


@pytest.mark.parametrize(
    "code", ["ServiceUnavailable", "InternalError", "RequestThrottled", "EndpointConnectionError", ""]
)
def test_it_tries_until_the_service_answers(code: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    answers = [TransportError("not now", code=code)] * 20
    waits: list[float] = []

    def make() -> str:
        if answers:
            raise answers.pop()
        return "ready"

    assert retry_until_answered(make, waits.append) == "ready"

    assert len(waits) == 20
    assert max(waits) <= 60
    first, last = (record.message for record in caplog.records)
    assert "starting fails, and is tried again until it works: not now" in first
    assert "starting works again after 20 failures" in last


@pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "InvalidClientTokenId"])
def test_what_a_person_must_mend_is_not_waited_for(code: str) -> None:
    def make() -> None:
        raise TransportError("not for you", code=code)

    with pytest.raises(ConfigurationError, match="not for you"):
        retry_until_answered(make, pytest.fail)

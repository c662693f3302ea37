"""Lines that must reach somebody."""

import logging
from io import StringIO

import pytest

from pubsub_tasks.lifecycle import last_resort

logger = logging.getLogger("tests.last_resort")


@pytest.fixture
def fallback():
    stream = StringIO()
    last_resort.set_handler(logging.StreamHandler(stream))
    yield stream
    last_resort.set_handler(None)
    logger.handlers, logger.propagate, logger.disabled = [], True, False
    logger.setLevel(logging.NOTSET)
    logging.disable(logging.NOTSET)


def alone(*handlers):
    logger.handlers, logger.propagate = list(handlers), False
    logger.setLevel(logging.INFO)


def quiet():
    handler = logging.StreamHandler(StringIO())
    handler.setLevel(logging.CRITICAL)
    return handler


@pytest.mark.parametrize(
    "silence",
    [
        lambda: alone(),
        lambda: alone(logging.NullHandler()),
        lambda: alone(quiet()),
        lambda: logger.setLevel(logging.CRITICAL),
        lambda: setattr(logger, "disabled", True),
        lambda: logging.disable(logging.CRITICAL),
    ],
    ids=["no handler", "null handler", "handler's level", "logger's level", "disabled", "logging.disable"],
)
def test_a_silenced_line_goes_to_the_last_resort(silence, fallback):
    silence()
    last_resort.log(logger, logging.ERROR, "lost %d", 1, error=ValueError("full disk"))

    assert fallback.getvalue() == "lost 1\nValueError: full disk\n"


def test_a_line_that_somebody_takes_is_written_once(fallback):
    stream = StringIO()
    alone(logging.StreamHandler(stream))
    last_resort.log(logger, logging.INFO, "done")

    assert (stream.getvalue(), fallback.getvalue()) == ("done\n", "")


def test_without_a_last_resort_silence_is_the_application_s_own(capsys):
    alone(logging.NullHandler())
    last_resort.log(logger, logging.ERROR, "lost")
    logger.handlers, logger.propagate = [], True

    assert capsys.readouterr().err == ""

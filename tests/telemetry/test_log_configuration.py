"""Logging of our commands beneath whatever an application configures itself."""

import json
import logging
import logging.config
import re
from collections.abc import Iterator
from io import StringIO

import pytest

from pubsub_tasks.lifecycle import last_resort
from pubsub_tasks.messages.current_message import reset_current, set_current
from pubsub_tasks.tasks.events import Settled
from pubsub_tasks.telemetry.log_configuration import CHATTY, Logging
from pubsub_tasks.telemetry.log_observer import LogObserver
from pubsub_tasks.verdicts import DeadLetter, Retry
from tests.samples import ORDER, delivery

Captured = pytest.CaptureFixture[str]
ours = logging.getLogger("pubsub_tasks.messages")
app = logging.getLogger("shop.orders")


@pytest.fixture(autouse=True)
def own_process() -> Iterator[None]:
    """Logging afterwards as it was."""
    root, factory = logging.getLogger(), logging.getLogRecordFactory()
    touched = [root, app, *map(logging.getLogger, ("pubsub_tasks", "pubsub_tasks.messages", *CHATTY))]
    before = [(each, each.level, each.propagate) for each in touched]
    yield
    logging.setLogRecordFactory(factory)
    last_resort.set_handler(None)
    for each, level, propagate in before:
        each.handlers[:] = [handler for handler in each.handlers if _is_pytest_s(handler)]
        each.propagate = propagate
        each.setLevel(level)
    for name in list(logging.root.manager.loggerDict):
        logging.getLogger(name).disabled = False


def _is_pytest_s(handler: logging.Handler) -> bool:
    return type(handler).__module__.startswith("_pytest")


def begun(format: str = "text", level: str = "info", process: str | None = None) -> Logging:
    """A command's logging that has begun, in a process without handlers: pytest has some on the root."""
    root = logging.getLogger()
    root.handlers[:] = []
    root.setLevel(logging.WARNING)
    log = Logging(format, level, process)
    log.begin()
    return log


def lines(capsys: Captured) -> list[str]:
    return capsys.readouterr().err.splitlines()


def failed(error: Exception) -> Settled:
    return Settled("orders", delivery(headers={"x-request-id": "r-1"}), "shop.bill", Retry(2.0, error), 0.25)


def dead() -> Settled:
    return Settled("orders", delivery(), "shop.bill", DeadLetter("failed", ValueError("x")), 0.25)


def raised(error: Exception) -> Exception:
    try:
        raise error
    except Exception as caught:
        return caught


def test_where_the_application_configures_nothing_its_info_lines_are_shown(capsys: Captured) -> None:
    log = begun("text", "info", process="orders-1 (100%)")
    ours.info("starting")
    log.complete()

    app.info("done, %d %%", 100)
    app.debug("a detail")
    ours.info("handled")
    logging.getLogger("botocore.credentials").info("chatter")

    assert [line[20:] for line in lines(capsys)] == [
        "INFO    orders-1 (100%): starting",
        "INFO    orders-1 (100%): done, 100 %",
        "INFO    orders-1 (100%): handled",
    ]


def test_an_application_s_basic_config_has_its_effect_and_takes_our_lines_too(capsys: Captured) -> None:
    # Given an application that configures logging when it is imported
    log, stream = begun(), StringIO()
    logging.basicConfig(level=logging.DEBUG, format="app: %(message)s", stream=stream)
    log.complete()
    # When both log
    app.debug("a detail")
    ours.info("handled")
    # Then each line is there once, as the application wished
    assert stream.getvalue() == "app: a detail\napp: handled\n"
    assert lines(capsys) == []


def test_a_dict_config_that_disables_existing_loggers_does_not_silence_us(capsys: Captured) -> None:
    log = begun("text", "info")
    logging.config.dictConfig(
        {
            "version": 1,
            "formatters": {"app": {"format": "app: %(message)s"}},
            "handlers": {"app": {"class": "logging.StreamHandler", "formatter": "app"}},
            "root": {"level": "WARNING", "handlers": ["app"]},
        }
    )
    assert ours.disabled
    log.complete()
    ours.info("handled")
    app.info("no")

    assert lines(capsys) == ["app: handled"]


def test_a_dict_config_without_handlers_is_filled_in(capsys: Captured) -> None:
    log = begun("text", "info")
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "loggers": {"pubsub_tasks": {"level": "ERROR"}},
        }
    )
    log.complete()
    ours.warning("left out, as the application wishes")
    app.info("shown")

    assert [line[28:] for line in lines(capsys)] == ["shown"]


def test_a_handler_that_the_application_gave_our_logger_takes_our_lines_alone(capsys: Captured) -> None:
    log, stream = begun(), StringIO()
    logging.getLogger("pubsub_tasks").addHandler(logging.StreamHandler(stream))
    log.complete()
    ours.info("handled")
    app.info("shown")

    assert stream.getvalue() == "handled\n"
    assert [line[28:] for line in lines(capsys)] == ["shown"]


@pytest.mark.parametrize(
    "silence",
    [
        lambda: logging.getLogger("pubsub_tasks").setLevel(logging.CRITICAL),
        lambda: logging.getLogger().addHandler(logging.NullHandler()),
        lambda: logging.config.dictConfig({"version": 1, "root": {"level": "CRITICAL"}}),
    ],
    ids=["level", "null handler", "disabled later"],
)
def test_dead_letters_are_never_silent(silence, capsys: Captured) -> None:  # type: ignore[no-untyped-def]
    log = begun("json", "info")
    log.complete()
    logging.getLogger().handlers[:] = []
    silence()

    LogObserver()(dead())

    (line,) = lines(capsys)
    assert json.loads(line)["verdict"] == "dead_letter"


def test_a_line_for_machines_is_one_object_with_the_failure_s_own_keys(capsys: Captured) -> None:
    log = begun("json", "info", process="orders-1")
    log.complete()
    LogObserver()(failed(raised(ValueError("full\ndisk"))))

    (text,) = lines(capsys)
    line = json.loads(text)
    assert line.pop("traceback").endswith("ValueError: full\ndisk")
    assert line.pop("time").endswith("Z")
    assert re.fullmatch(r".* ValueError: full\\ndisk \(\S+:\d+\)", line.pop("message"))
    assert line == {
        "level": "WARNING",
        "process": "orders-1",
        "logger": "pubsub_tasks.messages",
        "queue": "orders",
        "media_type": ORDER,
        "message_id": "sqs-1",
        "attempt": 1,
        "request_id": "r-1",
        "task": "shop.bill",
        "verdict": "retry",
        "retry_in": 2.0,
        "error_type": "ValueError",
        "error_message": "full\ndisk",
        "seconds": 0.25,
    }


def test_json_keeps_what_extra_gives_whatever_it_is(capsys: Captured) -> None:
    class Broken:
        def __str__(self) -> str:
            raise RuntimeError

    log = begun("json", "info")
    log.complete()
    loop: list[object] = []
    loop.append(loop)
    app.info(
        "shipped",
        extra={
            "parcel": 7,
            "time": "noon",
            "odd": Broken(),
            "nan": float("nan"),
            "loop": loop,
            "keys": {(1,): 2},
        },
    )
    app.error("failed", exc_info=raised(KeyError("total")), extra={"error_type": "mine"})

    shipped, error = map(json.loads, lines(capsys))
    assert (shipped["parcel"], shipped["extra.time"], shipped["odd"]) == (7, "noon", "(no text)")
    assert (shipped["nan"], shipped["loop"], shipped["keys"]) == ("nan", "[[...]]", "{(1,): 2}")
    assert (error["error_type"], error["extra.error_type"]) == ("KeyError", "mine")
    assert error["traceback"].startswith("Traceback")


@pytest.mark.parametrize("format", ["text", "json"])
def test_a_line_within_a_handler_tells_which_message(format: str, capsys: Captured) -> None:
    log = begun(format, "info")
    log.complete()
    token = set_current("shop.bill", delivery(headers={"x-request-id": "r-1"}), "orders")
    app.info("shipped", extra={"parcel": 7})
    reset_current(token)
    app.info("idle")

    within, outside = lines(capsys)
    if format == "json":
        told = json.loads(within)
        assert (told["task"], told["message_id"], told["attempt"]) == ("shop.bill", "sqs-1", 1)
        assert (told["queue"], told["media_type"], told["request_id"]) == ("orders", ORDER, "r-1")
        assert told["parcel"] == 7
        assert "message_id" not in json.loads(outside)
    else:
        assert within.endswith(
            f"shipped [task=shop.bill message_id=sqs-1 attempt=1 queue=orders "
            f"media_type={ORDER} request_id=r-1]"
        )
        assert outside.endswith("idle")


def test_no_line_and_no_traceback_forges_a_line_of_text(capsys: Captured) -> None:
    log = begun("text", "info")
    log.complete()
    forged = "\n2026-01-01 00:00:00 ERROR   forged\x1b[2J\u2028"
    app.error("failed%s", forged, exc_info=raised(ValueError(forged)))

    first, *rest = capsys.readouterr().err.rstrip("\n").split("\n")
    assert "failed\\n2026" in first
    assert all(line.startswith("  ") for line in rest)
    assert any("forged\\x1b[2J" in line for line in rest)

"""Exceptions, results and signals of which hardly anything can be asked: whatever they are asked raises."""

from collections.abc import Iterator
from typing import Any

from pubsub_tasks.signals import Signal
from pubsub_tasks.verdicts import Ack, DeadLetter, Drop, Postponed, Retry

RAISED: tuple[type[BaseException], ...] = (
    Exception,
    SystemExit,
    KeyboardInterrupt,
    GeneratorExit,
    RecursionError,
    MemoryError,
)
"""What asking raises."""


def odd_errors(raised: type[BaseException], base: type[BaseException] = Exception) -> Iterator[BaseException]:
    """One of each kind of oddness."""

    def refuse(*_: object) -> Any:
        raise raised("asked")

    def refuse_some(self: object, name: str) -> Any:
        if name in ("__class__", "code", "verdict", "__cause__", "__context__", "__notes__", "__traceback__"):
            refuse()
        return base.__getattribute__(self, name)  # type: ignore[arg-type]

    class Metaclass(type):
        def __getattribute__(cls, name: str) -> Any:
            return refuse() if name.startswith("__") else type.__getattribute__(cls, name)

    methods = ("__str__", "__repr__", "__bool__", "__len__", "__hash__", "__format__", "__getattribute__")
    for name in methods:
        yield type("Odd", (base,), {name: refuse})()
    yield type("Odd", (base,), dict.fromkeys(methods, refuse))()
    yield type("Odd", (base,), {"__getattribute__": refuse_some})()
    yield type("Odd", (base,), {"__class__": property(refuse)})()
    yield type("Odd", (base,), {"__module__": None})()
    yield Metaclass("Odd", (base,), {})()  # type: ignore[misc]
    sound = base("sound, but for its cause")
    sound.__cause__ = type("Odd", (Exception,), {"__getattribute__": refuse})()
    yield sound


def odd_signals(raised: type[BaseException]) -> Iterator[Signal]:
    """Signals whose verdict is odd, or cannot be had."""
    yield from odd_errors(raised, Signal)  # type: ignore[misc]
    for said in (
        Retry(float("nan")),
        Retry("soon"),  # type: ignore[arg-type]
        DeadLetter([], None),  # type: ignore[arg-type]
        DeadLetter("rejected", "no error"),  # type: ignore[arg-type]
        Drop({}, None),  # type: ignore[arg-type]
        Ack(skipped=[]),  # type: ignore[arg-type]
        Postponed(),
        Postponed,
        odd_result(raised),
    ):
        signal = Signal()
        signal.verdict = said  # type: ignore[assignment]
        yield signal


def odd_result(raised: type[BaseException]) -> object:
    """A result that cannot even be tested for its truth."""

    def refuse(*_: object) -> Any:
        raise raised("asked")

    names = ("__bool__", "__len__", "__eq__", "__str__", "__repr__", "__getattribute__", "__hash__")
    return type("Result", (), dict.fromkeys(names, refuse))()

"""Events: frozen facts for observers, who may only watch. Knows nobody who watches.

An observer is `Callable[[Event], None]`; what it raises is logged and goes no further.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from .delivery import Delivery
from .odd_errors import GuardedLogger, pass_interrupt, safe_repr
from .verdicts import Verdict

logger = GuardedLogger(__name__)


@dataclass(frozen=True, slots=True)
class Published:
    """A topic or queue took a message; `seconds` is how long the call took."""

    media_type: str
    message_id: str
    destination: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Received:
    """A receive brought so many messages."""

    queue: str
    count: int


@dataclass(frozen=True, slots=True)
class Started:
    """A handler begins."""

    queue: str
    delivery: Delivery
    task: str


@dataclass(frozen=True, slots=True)
class Settled:
    """A delivery was decided; `task` is None where none was found, `seconds` is the handling time."""

    queue: str
    delivery: Delivery
    task: str | None
    verdict: Verdict
    seconds: float


@dataclass(frozen=True, slots=True)
class Lost:
    """The lease of a delivery in hand is gone."""

    queue: str
    delivery: Delivery


Event = Published | Received | Started | Settled | Lost
Observer = Callable[[Event], None]


def notify(observers: Iterable[Observer], event: Event) -> None:
    """Tell each observer."""
    for observer in observers:
        try:
            observer(event)
        except BaseException as error:
            pass_interrupt(error)
            logger.error(
                "observer %s failed on %s", safe_repr(observer), type(event).__name__, exc_info=error
            )

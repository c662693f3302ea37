"""Log lines that must be written even if the application's logging configuration drops them.

Commands set a handler of last resort here. Without one, as in a program that only uses the library, `log` is
plain logging.
"""

import logging
from collections.abc import Mapping

_handler: logging.Handler | None = None


def set_handler(handler: logging.Handler | None) -> None:
    """Write records that no other handler takes to this one; None restores ordinary logging."""
    global _handler
    _handler = handler


def log(
    logger: logging.Logger,
    level: int,
    message: str,
    *args: object,
    extra: Mapping[str, object] | None = None,
    error: BaseException | None = None,
) -> None:
    """Log a line, through the handler of last resort if no other handler takes it.

    `error` is logged with its traceback.
    """
    if _handler is None or is_handled(logger, level):
        logger.log(level, message, *args, extra=extra, exc_info=error, stacklevel=2)
        return
    info = (type(error), error, error.__traceback__) if error is not None else None
    _handler.handle(logger.makeRecord(logger.name, level, "", 0, message, args, info, extra=extra))


def is_handled(logger: logging.Logger, level: int) -> bool:
    """Whether some handler takes records of this level. Filters are not consulted."""
    if not logger.isEnabledFor(level):
        return False
    ancestor: logging.Logger | None = logger
    while ancestor is not None:
        for handler in ancestor.handlers:
            if handler.level <= level and not isinstance(handler, logging.NullHandler):
                return True
        ancestor = ancestor.parent if ancestor.propagate else None
    return False

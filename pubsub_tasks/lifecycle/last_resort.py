"""Last resort: lines that must reach somebody, whatever the application's logging configuration leaves out.

Commands set a handler here. Without one, as where a program uses the library alone, `log` is plain logging.
"""

import logging
from collections.abc import Mapping

_handler: logging.Handler | None = None


def use(handler: logging.Handler | None) -> None:
    """Write what nobody would see to this handler; None for ordinary logging."""
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
    """Log a line; where no handler would take it, write it to the handler of last resort.

    `error` is logged with its traceback.
    """
    if _handler is None or reaches(logger, level):
        logger.log(level, message, *args, extra=extra, exc_info=error, stacklevel=2)
        return
    info = (type(error), error, error.__traceback__) if error is not None else None
    _handler.handle(logger.makeRecord(logger.name, level, "", 0, message, args, info, extra=extra))


def reaches(logger: logging.Logger, level: int) -> bool:
    """Whether some handler takes a record of this level; filters are not asked."""
    if not logger.isEnabledFor(level):
        return False
    above: logging.Logger | None = logger
    while above is not None:
        for handler in above.handlers:
            if handler.level <= level and not isinstance(handler, logging.NullHandler):
                return True
        above = above.parent if above.propagate else None
    return False

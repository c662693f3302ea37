"""Ages and times as text for people. Times in messages come from outside and may be no valid date."""

from datetime import UTC, datetime

_AGE_UNITS = ((86_400, "d"), (3600, "h"), (60, "min"))


def format_age(seconds: float) -> str:
    """Such as `45 s`, `12 min`, `3 h` or `5 d`."""
    for step, unit in _AGE_UNITS:
        if seconds >= step:
            return f"{seconds / step:.0f} {unit}"
    return f"{seconds:.0f} s"


def format_ages(youngest: float, oldest: float) -> str:
    """Such as `12 min - 3 h`, or one age if both read alike."""
    return " - ".join(dict.fromkeys((format_age(youngest), format_age(oldest))))


def format_time(epoch: float | None) -> str:
    """UTC, to the second; empty if unknown or not a valid date."""
    try:
        return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%d %H:%M:%S UTC") if epoch else ""
    except (OverflowError, OSError, ValueError):
        return ""

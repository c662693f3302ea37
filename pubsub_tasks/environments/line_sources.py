"""Files and standard input, whose lines are handled in place of the messages of a queue."""

import sys
from pathlib import Path
from urllib.parse import urlparse

from ..errors import ConfigurationError

STDIN = "STDIN"
"""Means standard input, in place of a queue URL or a file."""


def lines_of(source: str) -> list[str]:
    """The lines of a file, of a `file:` URL, or of standard input. Raises ConfigurationError."""
    try:
        if source == STDIN:
            return list(sys.stdin)
        return _path(source).read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError) as error:
        raise ConfigurationError(f"cannot read messages from {source}: {error}") from error


def is_file(url: str) -> bool:
    """Whether `url` is the path or URL of a file, or means standard input, rather than a queue URL."""
    return url == STDIN or url.startswith("file:") or _path(url).is_file()


def _path(url: str) -> Path:
    return Path(urlparse(url).path if url.startswith("file:") else url)

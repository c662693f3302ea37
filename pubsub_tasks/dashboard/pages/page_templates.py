"""Renders templates. Every value is escaped."""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse

from ...dead_letters.letter_view import describe_reason
from ...dead_letters.move_report import count_letters
from ...errors import PubSubTasksError, TransportError
from ...untrusted.readable_times import format_age, format_time
from ..measures.sparkline import HEIGHT, WIDTH, svg_lines
from ..web.access import Access

UNKNOWN = "-"


class PageTemplates:
    """The templates of one dashboard."""

    def __init__(self, access: Access, interval: float) -> None:
        self._environment = Environment(
            loader=PackageLoader("pubsub_tasks.dashboard"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._environment.filters.update(
            age=_age,
            capitalize_first=_capitalize_first,
            letters=count_letters,
            time=format_time,
            number=_number,
            reason=describe_reason,
            sparkline=svg_lines,
        )
        self._environment.globals.update(
            access=access, interval=interval, chart_width=WIDTH, chart_height=HEIGHT
        )

    def page(self, request: Request, name: str, values: Mapping[str, Any], status: int = 200) -> HTMLResponse:
        """A whole page."""
        text = self._environment.get_template(name).render(path=request.url.path, **values)
        return HTMLResponse(text, status)


def status_of(error: PubSubTasksError) -> int:
    """The HTTP status of a page that tells of an error: whether AWS or what was asked for is its cause."""
    return 502 if isinstance(error, TransportError) else 400


def _age(seconds: float | None) -> str:
    return UNKNOWN if seconds is None else format_age(seconds)


def _number(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    return f"{value:,.0f}" if value == int(value) or value >= 10 else f"{value:,.1f}"


def _capitalize_first(text: str) -> str:
    """The text with a capital first letter; Jinja's own filter makes all others small."""
    return text[:1].upper() + text[1:]

"""The overview of the queues, and the workers."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ..measures.history import SPANS
from ..measures.overview import overview_rows
from ..measures.queue_sample import Look
from ..poller import Poller
from .page_templates import PageTemplates


class OverviewPages:
    """Pages that are read from the poller's history."""

    def __init__(self, poller: Poller, templates: PageTemplates) -> None:
        self._poller, self._templates = poller, templates

    def overview(self, request: Request) -> Response:
        """All queues."""
        rows, look, span = self._poller.read(
            lambda history: (overview_rows(history), history.latest, SPANS[history.span])
        )
        return self._page(request, "overview.html", look, {"rows": rows, "span": span})

    def workers(self, request: Request) -> Response:
        """All known workers, with what they run."""
        look = self._poller.read(lambda history: history.latest)
        return self._page(request, "workers.html", look, {})

    def _page(self, request: Request, name: str, look: Look, values: Mapping[str, Any]) -> Response:
        found = {"workers": look.workers, "at": look.at, "late": self._poller.is_late(look.at)}
        return self._templates.page(request, name, {**found, **values})

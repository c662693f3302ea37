"""The overview of the queues, and the workers."""

from starlette.requests import Request
from starlette.responses import Response

from ..measures.history import SPANS
from ..measures.overview import overview_rows
from ..poller import Poller
from .page_templates import PageTemplates


class OverviewPages:
    """Pages that are read from the poller's history."""

    def __init__(self, poller: Poller, templates: PageTemplates) -> None:
        self._poller, self._templates = poller, templates

    def overview(self, request: Request) -> Response:
        """All queues."""
        rows, at, span = self._poller.read(
            lambda history: (overview_rows(history), history.latest.at, SPANS[history.span])
        )
        return self._templates.page(request, "overview.html", {"rows": rows, "at": at, "span": span})

    def workers(self, request: Request) -> Response:
        """All known workers, with what they run."""
        look = self._poller.read(lambda history: history.latest)
        return self._templates.page(request, "workers.html", {"workers": look.workers, "at": look.at})

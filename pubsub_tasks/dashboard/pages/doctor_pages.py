"""What the doctor finds."""

from starlette.requests import Request
from starlette.responses import Response

from ..poller import Poller
from .page_templates import PageTemplates


class DoctorPages:
    """The page of findings. It looks at the account when it is loaded, so it does not refresh itself."""

    def __init__(self, poller: Poller, templates: PageTemplates) -> None:
        self._app, self._templates = poller.app, templates

    def findings(self, request: Request) -> Response:
        """All findings, the worst first."""
        findings = None if self._app.findings is None else self._app.findings()
        return self._templates.page(request, "doctor.html", {"findings": findings})

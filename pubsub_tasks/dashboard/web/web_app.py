"""The dashboard as an ASGI application."""

from importlib.resources import files
from typing import Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from ...errors import PubSubTasksError
from ..pages.doctor_pages import DoctorPages
from ..pages.letter_actions import LetterActions
from ..pages.letter_pages import LetterPages
from ..pages.overview_pages import OverviewPages
from ..pages.page_templates import PageTemplates, status_of
from ..pages.task_pages import TaskPages
from ..poller import Poller
from .access import Access
from .forms import form_endpoint
from .guard import Guard


def make_web_app(poller: Poller, access: Access) -> Starlette:
    """The application; the poller is run by the caller."""
    templates = PageTemplates(access, poller.interval)
    overview, letters = OverviewPages(poller, templates), LetterPages(poller, templates)
    actions, tasks = LetterActions(poller, templates), TaskPages(poller, templates)

    def refuse(request: Request, error: Any) -> Response:
        """A page that says what was wrong, in place of a traceback."""
        return templates.page(request, "problem.html", {"problem": str(error)}, status_of(error))

    def ask(request: Request, address: str) -> Response:
        """A page for whoever follows a link on another site."""
        return templates.page(request, "from_elsewhere.html", {"address": address})

    return Starlette(
        routes=[
            Route("/", overview.overview),
            Route("/workers", overview.workers),
            Route("/dead-letters", letters.queues),
            Route("/dead-letters/letter", letters.letter),
            Route("/dead-letters/export", actions.export),
            Route("/dead-letters/redrive", form_endpoint(actions.redrive, access), methods=["POST"]),
            Route("/dead-letters/drop", form_endpoint(actions.drop, access), methods=["POST"]),
            Route("/tasks", tasks.tasks),
            Route("/tasks/publish", tasks.form, methods=["GET"]),
            Route("/tasks/publish", form_endpoint(tasks.publish, access), methods=["POST"]),
            Route("/doctor", DoctorPages(poller, templates).findings),
            Mount("/static", StaticFiles(directory=str(files("pubsub_tasks.dashboard") / "static"))),
        ],
        middleware=[Middleware(Guard, access=access, ask=ask)],
        exception_handlers={PubSubTasksError: refuse},
    )

"""Dead letters: grouped by failure, listed, and one of them with everything that it carries."""

import json
from typing import Any, get_args

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from ...dead_letters.letter_view import MOVED_BY_SQS, UNKNOWN_REASON, Letter, error_line, failure_fields
from ...dead_letters.summary import summarize
from ...untrusted.printable import cut
from ...verdicts import Reason
from ..letter_query import LetterQuery
from ..letter_session import LetterLook, LetterSession
from ..poller import Poller
from .page_templates import PageTemplates

REASONS = (*get_args(Reason), MOVED_BY_SQS, UNKNOWN_REASON)
MAX_LISTED = 200
"""Letters in a list; more are counted, and found with a filter."""

MAX_ERROR = 200
"""Characters of an error in a list."""

MAX_SHOWN = 100_000
"""Characters of one text on the page of a letter; the export has all."""


class LetterPages:
    """Pages that receive letters and put them back. So they do not refresh themselves."""

    def __init__(self, poller: Poller, templates: PageTemplates) -> None:
        self._poller, self._templates, self._clock = poller, templates, poller.clock

    def queues(self, request: Request) -> Response:
        """The dead-letter queues; of a queue that the query names, its letters."""
        query = LetterQuery.parse(request.query_params.multi_items())
        if query.queue:
            return self._letters(request, query)
        look = self._poller.read(lambda history: history.latest)
        return self._templates.page(request, "dead_letter_queues.html", {"queues": look.queues})

    def letter(self, request: Request) -> Response:
        """One letter."""
        query = LetterQuery.parse(request.query_params.multi_items())
        if not query.queue or not query.ids:
            return RedirectResponse("/dead-letters", 303)
        found = self._look(query)
        letter = next(iter(found.letters), None)
        values = {
            "query": query,
            "look": found,
            "queues": sorted(self._poller.app.queues),
            "letter": letter and _letter(letter, self._clock()),
        }
        return self._templates.page(request, "letter.html", values, 200 if letter else 404)

    def _look(self, query: LetterQuery) -> LetterLook:
        app, wanted = self._poller.app, query.filter()
        url, stop = query.url(app.queues), self._poller.stopping
        with LetterSession.opened(app.transport, url, self._clock, stop) as session:
            return session.look(wanted, query.limit)

    def _letters(self, request: Request, query: LetterQuery) -> Response:
        found = self._look(query)
        now = self._clock()
        newest = sorted(found.letters, key=lambda letter: -letter.dead_since)
        values = {
            "query": query,
            "look": found,
            "reasons": REASONS,
            "kinds": summarize(found.letters, now).rows,
            "letters": [
                (letter, error_line(letter, MAX_ERROR), letter.age(now)) for letter in newest[:MAX_LISTED]
            ],
            "queues": sorted(self._poller.app.queues),
            "unlisted": max(0, len(newest) - MAX_LISTED),
        }
        return self._templates.page(request, "dead_letters.html", values)


def _letter(letter: Letter, now: float) -> dict[str, Any]:
    """Everything of a letter, as texts."""
    attributes = letter.delivery.attributes.items()
    return {
        "id": letter.id,
        "sqs_id": letter.record.message_id,
        "media_type": letter.media_type,
        "failure": [(name, value) for name, value in failure_fields(letter, now) if value not in (None, "")],
        "defect": letter.delivery.defect is not None,
        "content": cut(letter.record.body if letter.delivery.defect else _pretty(letter), MAX_SHOWN),
        "headers": sorted(letter.delivery.headers.items()),
        "attributes": [(name, value.value) for name, value in attributes if name != "dead_letter"],
        "traceback": cut(letter.failure.traceback.rstrip(), MAX_SHOWN) if letter.failure else "",
    }


def _pretty(letter: Letter) -> str:
    try:
        return json.dumps(letter.content, indent=2, ensure_ascii=False)
    except RecursionError:
        return "(nested too deeply to show)"

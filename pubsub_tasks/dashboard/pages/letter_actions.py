"""Redrives, drops and exports letters: with a question first, and with the lines of `pubsub-tasks dlq`."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ...dead_letters.archive import to_line
from ...dead_letters.move_report import MoveReport, count_letters
from ...errors import ConfigurationError
from ...redrive.move_plan import direction, drop_plan, redrive_plan
from ...redrive.redrive_targets import RedriveTargets
from ..letter_query import LetterQuery
from ..letter_session import LetterSession, MakePlan
from ..poller import Poller
from ..web.forms import FormFields
from .page_templates import PageTemplates


@dataclass(frozen=True, slots=True)
class Verb:
    """An action in words, such as "redrive" and "redrove"."""

    name: str
    past: str


REDRIVE, DROP = Verb("redrive", "redrove"), Verb("drop", "dropped")


class LetterActions:
    """What can be done with the letters of a query."""

    def __init__(self, poller: Poller, templates: PageTemplates) -> None:
        self._poller, self._templates = poller, templates

    def redrive(self, request: Request, fields: FormFields) -> Response:
        """Send letters back to the queue they failed on, or to the one that the form names."""
        return self._act(request, fields, REDRIVE)

    def drop(self, request: Request, fields: FormFields) -> Response:
        """Delete letters."""
        return self._act(request, fields, DROP)

    def export(self, request: Request) -> Response:
        """The letters as lines of JSON that `pubsub-tasks dlq import` can read. They stay in the queue."""
        query = LetterQuery.parse(request.query_params.multi_items())
        app = self._poller.app
        url, wanted = query.url(app.queues), query.filter()
        with LetterSession.opened(app.transport, url, self._poller.clock, self._poller.stopping) as session:
            look = session.look(wanted, query.limit)
        lines: Iterator[str] = (to_line(letter.record) + "\n" for letter in look.letters)
        name = f'attachment; filename="{look.queue_name}.jsonl"'
        return StreamingResponse(lines, media_type="application/jsonl", headers={"content-disposition": name})

    def _act(self, request: Request, fields: FormFields, verb: Verb) -> Response:
        """Ask, or do what was confirmed."""
        query, app = LetterQuery.parse(fields), self._poller.app
        given = dict(fields)
        url, wanted, to = query.url(app.queues), query.filter(), given.get("to", "")
        confirmed = frozenset(given.get("confirmed", "").split())
        with LetterSession.opened(app.transport, url, self._poller.clock, self._poller.stopping) as session:
            plan = self._plan(session, verb, to)
            if not confirmed:
                return self._ask(request, query, session, plan, verb, to)
            report = session.change(wanted, confirmed, query.limit, plan, time.monotonic)
        self._poller.look()
        return self._told(request, query, report, verb)

    def _plan(self, session: LetterSession, verb: Verb, to: str) -> MakePlan:
        if verb is DROP:
            return drop_plan
        queues = self._poller.app.queues
        if to and to not in queues:
            raise ConfigurationError(f"the dashboard has no queue {to!r}")
        targets = RedriveTargets(session.transport, session.dlq, queues[to] if to else None)
        return lambda letters: redrive_plan(letters, targets)

    def _ask(
        self,
        request: Request,
        query: LetterQuery,
        session: LetterSession,
        plan: MakePlan,
        verb: Verb,
        to: str,
    ) -> Response:
        look = session.look(query.filter(), query.limit)
        followers = ", and the letters behind them in their message groups" if look.fifo else ""
        what = count_letters(len(look.letters)) + direction(plan(look.letters), look.queue_name)
        values = {
            "query": query,
            "look": look,
            "verb": verb,
            "to": to,
            "question": f"{verb.name} {what}{followers}?",
            "ids": " ".join(letter.record.message_id for letter in look.letters),
        }
        return self._templates.page(request, "letter_question.html", values)

    def _told(self, request: Request, query: LetterQuery, report: MoveReport, verb: Verb) -> Response:
        lines = list(report.lines(verb.past))
        values = {"query": query, "lines": lines, "complete": report.complete, "verb": verb}
        return self._templates.page(request, "letter_report.html", values)

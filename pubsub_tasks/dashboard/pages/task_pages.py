"""The app's tasks, and a form to publish a message that a task handles."""

import json
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from ...content.content_reader import ContentReader, json_object
from ...errors import ConfigurationError, PubSubTasksError
from ...schemas.task_rows import codec_of, task_rows
from ...tasks.task import Task
from ..content_example import content_example
from ..poller import Poller
from ..web.forms import FormFields
from .page_templates import PageTemplates, status_of


class TaskPages:
    """Pages about what the app declares."""

    def __init__(self, poller: Poller, templates: PageTemplates) -> None:
        self._app, self._templates = poller.app, templates

    def tasks(self, request: Request) -> Response:
        """All tasks."""
        rows = [(row, self._topic(row.media_type)) for row in task_rows(self._app.tasks)]
        return self._templates.page(request, "tasks.html", {"rows": rows})

    def form(self, request: Request) -> Response:
        """A form with a draft of the content."""
        task = self._task(request.query_params.get("task", ""))
        codec = codec_of(self._app.tasks, task)
        draft = content_example(codec.schema) if codec else {}
        content = json.dumps(draft, indent=2, ensure_ascii=False)
        return self._page(request, task, content)

    def publish(self, request: Request, fields: FormFields) -> Response:
        """Validate the content by the task's schema, and publish it to the topic of its media type."""
        given = dict(fields)
        task, text = self._task(given.get("task", "")), given.get("content", "")
        try:
            message_id = self._publish(task, text)
        except PubSubTasksError as error:
            return self._page(request, task, text, problem=str(error), status=status_of(error))
        return self._page(request, task, text, published=message_id)

    def _publish(self, task: Task[..., Any], text: str) -> str:
        content = ContentReader(self._app.tasks.codec_of(task)).read(json_object(text))
        self._app.prepare_publishing()
        return str(task.publish(**content) if isinstance(content, dict) else task.publish(content))

    def _page(
        self,
        request: Request,
        task: Task[..., Any],
        content: str,
        *,
        problem: str = "",
        published: str = "",
        status: int = 200,
    ) -> Response:
        values = {
            "task": task,
            "topic": self._topic(task.media_type),
            "content": content,
            "problem": problem,
            "published": published,
        }
        return self._templates.page(request, "publish.html", values, status)

    def _task(self, name: str) -> Task[..., Any]:
        found = next((task for task in self._app.tasks if task.name == name), None)
        if found is None:
            raise ConfigurationError(f"the app has no task {name!r}")
        return found

    def _topic(self, media_type: str) -> str:
        """The ARN of the topic; empty if none is configured."""
        try:
            return self._app.topic(media_type)
        except PubSubTasksError:
            return ""

"""Reads what a form of the dashboard's own pages has sent."""

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response

from .access import Access

LARGEST_FORM = 2_097_152
"""Bytes: room for the ids of 10,000 letters, or for a message of the largest size."""

FormFields = list[tuple[str, str]]
Action = Callable[[Request, FormFields], Response]


def form_endpoint(action: Action, access: Access) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that calls `action` in a thread with the form's fields, if one of our own pages sent it."""

    async def endpoint(request: Request) -> Response:
        body = bytearray()
        try:
            async for chunk in request.stream():
                body += chunk
                if len(body) > LARGEST_FORM:
                    return PlainTextResponse("this form is too large\n", 413)
        except ClientDisconnect:
            return PlainTextResponse("the browser is gone\n", 400)
        fields = parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)
        if not access.is_form_token(dict(fields).get("form_token", "")):
            return PlainTextResponse("this form is not of this dashboard: load its page again\n", 403)
        return await run_in_threadpool(action, request, fields)

    return endpoint

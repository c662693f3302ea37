"""Lets a request pass or answers it with a refusal, before any page sees it."""

from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from .access import Access

HEADERS = (
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
)


class Guard:
    """An ASGI middleware that applies the rules of `Access` and adds security headers to each answer.

    `ask` returns a page that leads on to an address of the dashboard.
    """

    def __init__(self, app: ASGIApp, access: Access, ask: Callable[[Request, str], Response]) -> None:
        self._app, self._access, self._ask = app, access, ask

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return  # neither lifespan nor websockets are used

        async def send_with_headers(message):  # type: ignore[no-untyped-def]
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *HEADERS]
            await send(message)

        answer = self._answer(Request(scope)) or self._app
        await answer(scope, receive, send_with_headers)

    def _answer(self, request: Request) -> Response | None:
        """The answer to a request that no page gets to see."""
        host, origin = request.headers.get("host", ""), request.headers.get("origin")
        if not self._access.answers_host(host):
            return _refused(421, f"this dashboard does not answer for the host {host!r}: see --allow-host")
        is_own = origin is None or self._access.answers_origin(origin, host)
        if not is_own or _is_embedded_elsewhere(request):
            return _refused(403, "this request comes from a page of another site")
        if request.method not in ("GET", "HEAD", "POST"):
            return _refused(405, "the dashboard knows GET, HEAD and POST")
        if request.method == "POST" and self._access.read_only:
            return _refused(403, "this dashboard is read-only")
        if (token := request.query_params.get("token")) is not None and request.method == "GET":
            return self._sign_in(request, token)
        if not self._is_signed_in(request):
            return _refused(403, "open the URL that the command has printed: it carries a token")
        if _is_of_another_site(request) and request.url.path != "/":
            # A link elsewhere, or a script that opens it, must not receive letters or ask AWS by itself.
            return self._ask(request, _address(request))
        return None

    def _sign_in(self, request: Request, token: str) -> Response:
        """Keep the token out of the address bar, the history and the Referer from now on."""
        if not self._access.is_token(token):
            return _refused(403, "this is not the token of this dashboard: it changes with each start")
        answer = RedirectResponse(_address(request), 303)
        answer.set_cookie(
            _cookie_name(request),
            self._access.cookie,
            httponly=True,
            samesite="lax",
            path="/",
            secure=request.url.scheme == "https",
        )
        return answer

    def _is_signed_in(self, request: Request) -> bool:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._access.is_token(token)
        try:
            cookies = SimpleCookie(request.headers.get("cookie", ""))
        except CookieError:
            return False
        found = cookies.get(_cookie_name(request))
        return found is not None and self._access.is_cookie(found.value)


def _is_of_another_site(request: Request) -> bool:
    """Whether a page of another site, or of another port of this host, has made the browser ask.

    Browsers send cookies to all ports of a host, and no Origin for an image or a link. Source: W3C, "Fetch
    Metadata Request Headers".
    """
    return request.headers.get("sec-fetch-site") in ("cross-site", "same-site")


def _is_embedded_elsewhere(request: Request) -> bool:
    """Whether a page of another site loads this as a part of it."""
    return _is_of_another_site(request) and request.headers.get("sec-fetch-dest") != "document"


def _address(request: Request) -> str:
    """The path and query of a request, without the token."""
    rest = [pair for pair in parse_qsl(request.url.query, keep_blank_values=True) if pair[0] != "token"]
    path = "/" + request.url.path.lstrip("/")  # "//host" would lead to another host
    return f"{path}?{urlencode(rest)}" if rest else path


def _cookie_name(request: Request) -> str:
    """Browsers send cookies to all ports of a host, and there may be a dashboard on each."""
    return f"pubsub_tasks_{request.url.port or 'dashboard'}"


def _refused(status: int, why: str) -> Response:
    return PlainTextResponse(f"{why}\n", status)

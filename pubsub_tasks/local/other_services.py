"""Recognizes which AWS service a request is for, and answers unsupported ones with an error in its protocol.

Sources: Signature Version 4 (the credential scope names the service), and the error formats of the AWS JSON,
REST JSON, query, EC2 query and S3 protocols as botocore's parsers read them.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

Header = tuple[bytes, bytes]
ErrorResponse = tuple[int, bytes, bytes, list[Header]]
"""Status, content type, body, further headers."""

_SCOPE = re.compile(r"Credential=[^/,\s]*/\d+/[^/,\s]*/([a-z0-9-]+)/aws4_request")
_PRESIGNED = re.compile(r"X-Amz-Credential=[^&]*?(?:%2F|/)([a-z0-9-]+)(?:%2F|/)aws4_request", re.IGNORECASE)
_ACTION = re.compile(rb"(?:^|&)Action=")
_REST_XML = frozenset({"cloudfront", "route53", "s3-control"})
_UNKNOWN = "UnknownOperationException"


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request. Header names are in lower case."""

    method: str
    path: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes = b""

    @property
    def service(self) -> str | None:
        """The service that the request is signed for, such as `s3`; None if it is unsigned."""
        signed = _SCOPE.search(self.headers.get(b"authorization", b"").decode("latin-1"))
        found = signed or _PRESIGNED.search(self.query.decode("latin-1"))
        return found[1] if found else None

    @property
    def form(self) -> bytes | None:
        """The form of the query protocol, from the body or the URL; None if it has no action."""
        forms = (self.query,) if self.service == "s3" else (self.body, self.query)
        return next((form for form in forms if _ACTION.search(form)), None)

    @property
    def target(self) -> bytes | None:
        """The service and action of the AWS JSON protocol."""
        return self.headers.get(b"x-amz-target")

    @property
    def is_plain(self) -> bool:
        """Whether it is a browser's request for `/`."""
        reads = self.method in ("GET", "HEAD") and self.path == "/" and not self.query
        return reads and self.service is None and not any(name.startswith(b"x-amz") for name in self.headers)


def unsupported(request: Request, request_id: str) -> ErrorResponse:
    """The error of the requested service for an unknown operation."""
    text = (
        f"The local broker of pubsub-tasks does not serve {request.service or 'this service'} "
        f"({request.method} {request.path}): it serves SNS, SQS over JSON, and STS GetCallerIdentity"
    )
    if request.target is not None:
        return _json(request, request.target, text)
    if request.service == "ec2":
        return _ec2(text, request_id)
    if request.service in _REST_XML or request.form is not None:
        return _query(text, request_id)
    if request.service in (None, "s3", "s3express"):
        return _s3(request, text, request_id)
    return _rest_json(text)


def _json(request: Request, target: bytes, text: str) -> ErrorResponse:
    kind = request.headers.get(b"content-type", b"application/x-amz-json-1.0")
    service = target.decode("latin-1").partition(".")[0]
    body = json.dumps({"__type": f"com.amazonaws.{service.lower()}#{_UNKNOWN}", "message": text})
    return 400, kind, body.encode(), [(b"x-amzn-errortype", _UNKNOWN.encode())]


def _rest_json(text: str) -> ErrorResponse:
    body = json.dumps({"message": text, "Message": text, "Type": "User"})
    return 404, b"application/json", body.encode(), [(b"x-amzn-errortype", _UNKNOWN.encode())]


def _query(text: str, request_id: str) -> ErrorResponse:
    body = (
        '<ErrorResponse xmlns="http://webservices.amazon.com/AWSFault/2005-15-09"><Error><Type>Sender</Type>'
        f"<Code>InvalidAction</Code><Message>{escape(text)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return 400, b"text/xml", body.encode(), []


def _ec2(text: str, request_id: str) -> ErrorResponse:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>InvalidAction</Code>'
        f"<Message>{escape(text)}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>"
    )
    return 400, b"text/xml", body.encode(), []


def _s3(request: Request, text: str, request_id: str) -> ErrorResponse:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>NotImplemented</Code><Message>{escape(text)}</Message>"
        f"<Resource>{escape(request.path)}</Resource><RequestId>{request_id}</RequestId></Error>"
    )
    headers = [(b"x-amz-request-id", request_id.encode())]
    return 501, b"application/xml", b"" if request.method == "HEAD" else body.encode(), headers

"""Other services: which service a request is for, and the refusal of what is not served, in its protocol.

Sources: Signature Version 4 (the credential scope names the service), and the error formats of the AWS JSON,
REST JSON, query, EC2 query and S3 protocols as botocore's parsers read them.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

Header = tuple[bytes, bytes]
Refusal = tuple[int, bytes, bytes, list[Header]]
"""Status, content type, body, further headers."""

_SCOPE = re.compile(r"Credential=[^/,\s]*/\d+/[^/,\s]*/([a-z0-9-]+)/aws4_request")
_PRESIGNED = re.compile(r"X-Amz-Credential=[^&]*?(?:%2F|/)([a-z0-9-]+)(?:%2F|/)aws4_request", re.IGNORECASE)
_ACTION = re.compile(rb"(?:^|&)Action=")
_REST_XML = frozenset({"cloudfront", "route53", "s3-control"})
_UNKNOWN = "UnknownOperationException"


@dataclass(frozen=True, slots=True)
class Request:
    """What tells for whom a request is. Names of headers are in lower case."""

    method: str
    path: str
    query: bytes
    headers: Mapping[bytes, bytes]
    body: bytes = b""

    @property
    def service(self) -> str | None:
        """The service that it is signed for, such as `s3`; None for an unsigned one."""
        signed = _SCOPE.search(self.headers.get(b"authorization", b"").decode("latin-1"))
        found = signed or _PRESIGNED.search(self.query.decode("latin-1"))
        return found[1] if found else None

    @property
    def form(self) -> bytes | None:
        """The form of the query protocol, in the body or the URL; None where there is no action in it."""
        forms = (self.query,) if self.service == "s3" else (self.body, self.query)
        return next((form for form in forms if _ACTION.search(form)), None)

    @property
    def target(self) -> bytes | None:
        """The service and action of the AWS JSON protocol."""
        return self.headers.get(b"x-amz-target")

    @property
    def is_plain(self) -> bool:
        """Whether it is what a browser asks for at `/`."""
        reads = self.method in ("GET", "HEAD") and self.path == "/" and not self.query
        return reads and self.service is None and not any(name.startswith(b"x-amz") for name in self.headers)


def refuse(request: Request, request_id: str) -> Refusal:
    """What the service that was asked answers to an operation that it does not have."""
    told = (
        f"The local broker of pubsub-tasks does not serve {request.service or 'this service'} "
        f"({request.method} {request.path}): it has SNS, SQS in its JSON protocol, and STS GetCallerIdentity"
    )
    if request.target is not None:
        return _json(request, request.target, told)
    if request.service == "ec2":
        return _ec2(told, request_id)
    if request.service in _REST_XML or request.form is not None:
        return _query(told, request_id)
    if request.service in (None, "s3", "s3express"):
        return _s3(request, told, request_id)
    return _rest_json(told)


def _json(request: Request, target: bytes, told: str) -> Refusal:
    kind = request.headers.get(b"content-type", b"application/x-amz-json-1.0")
    service = target.decode("latin-1").partition(".")[0]
    body = json.dumps({"__type": f"com.amazonaws.{service.lower()}#{_UNKNOWN}", "message": told})
    return 400, kind, body.encode(), [(b"x-amzn-errortype", _UNKNOWN.encode())]


def _rest_json(told: str) -> Refusal:
    body = json.dumps({"message": told, "Message": told, "Type": "User"})
    return 404, b"application/json", body.encode(), [(b"x-amzn-errortype", _UNKNOWN.encode())]


def _query(told: str, request_id: str) -> Refusal:
    body = (
        '<ErrorResponse xmlns="http://webservices.amazon.com/AWSFault/2005-15-09"><Error><Type>Sender</Type>'
        f"<Code>InvalidAction</Code><Message>{escape(told)}</Message></Error>"
        f"<RequestId>{request_id}</RequestId></ErrorResponse>"
    )
    return 400, b"text/xml", body.encode(), []


def _ec2(told: str, request_id: str) -> Refusal:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n<Response><Errors><Error><Code>InvalidAction</Code>'
        f"<Message>{escape(told)}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>"
    )
    return 400, b"text/xml", body.encode(), []


def _s3(request: Request, told: str, request_id: str) -> Refusal:
    body = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f"<Error><Code>NotImplemented</Code><Message>{escape(told)}</Message>"
        f"<Resource>{escape(request.path)}</Resource><RequestId>{request_id}</RequestId></Error>"
    )
    headers = [(b"x-amz-request-id", request_id.encode())]
    return 501, b"application/xml", b"" if request.method == "HEAD" else body.encode(), headers

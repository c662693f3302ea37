"""A claim store in memory, for tests."""

from ..errors import ClaimMissing, EnvelopeError
from ..wire.compression import MAX_EXPANDED
from ..wire.s3_pointer import Pointer


class MemoryClaims:
    """A `ClaimStore` with one bucket, without S3."""

    def __init__(self, bucket: str = "claims") -> None:
        self.bucket: str | None = bucket
        self.bodies: dict[Pointer, str] = {}

    def store(self, pointer: Pointer, body: str) -> None:
        self.bodies[pointer] = body

    def fetch(self, pointer: Pointer, limit: int = MAX_EXPANDED) -> str:
        try:
            body = self.bodies[pointer]
        except KeyError as error:
            raise ClaimMissing(f"nothing is stored at {pointer}", code="NoSuchKey") from error
        if (size := len(body.encode())) > limit:
            raise EnvelopeError(f"the stored body has {size:,} bytes, and {limit:,} are read at most")
        return body

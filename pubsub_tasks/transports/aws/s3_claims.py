"""Stores and fetches large message bodies in S3.

`messages/size_limit` decides which bodies go there, `wire/s3_pointer` has the pointer that travels instead,
and `provisioning/claims` the lifecycle rule.

Nothing is deleted here: several queues share a body, and none of them can tell when the last one has read it.
A lifecycle rule of the bucket must delete bodies, later than the retention of queue and dead-letter queue
together.
"""

from collections.abc import Callable, Collection
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ...errors import ClaimMissing, EnvelopeError, PublishFailed
from ...wire.compression import MAX_EXPANDED
from ...wire.s3_pointer import Pointer


class S3Claims:
    """Stores bodies in one bucket, and fetches them from it and from other buckets that are allowed.

    `client` returns boto3's client of `s3`. `allowed` names further buckets to fetch from.
    """

    def __init__(
        self, client: Callable[[], Any], bucket: str | None = None, allowed: Collection[str] = ()
    ) -> None:
        self._client = client
        self.bucket = bucket
        self._allowed = frozenset(allowed) | ({bucket} if bucket else frozenset())

    def store(self, pointer: Pointer, body: str) -> None:
        """See `ClaimStore`."""
        try:
            self._client().put_object(Bucket=pointer.bucket, Key=pointer.key, Body=body.encode())
        except (BotoCoreError, ClientError) as error:
            raise PublishFailed(
                f"a large body could not be stored in {pointer.bucket}: {error}", code=_code(error)
            ) from error

    def fetch(self, pointer: Pointer, limit: int = MAX_EXPANDED) -> str:
        """See `ClaimStore`."""
        if pointer.bucket not in self._allowed:
            known = ", ".join(sorted(self._allowed)) or "none"
            raise EnvelopeError(
                f"the body is stored in bucket {pointer.bucket!r:.80}, which is not allowed here ({known})"
            )
        try:
            answer = self._client().get_object(Bucket=pointer.bucket, Key=pointer.key)
            if (size := answer["ContentLength"]) > limit:
                answer["Body"].close()
                raise EnvelopeError(f"the stored body has {size:,} bytes, and {limit:,} are read at most")
            return str(answer["Body"].read().decode())
        except UnicodeDecodeError as error:
            raise EnvelopeError(f"the stored body {pointer.key!r:.256} is not UTF-8 text") from error
        except (BotoCoreError, ClientError) as error:
            raise ClaimMissing(
                f"the body stored in {pointer.bucket}, key {pointer.key!r:.256}, cannot be fetched: {error}",
                code=_code(error),
            ) from error


def _code(error: Exception) -> str:
    response = getattr(error, "response", {})
    return str(response.get("Error", {}).get("Code", "")) or type(error).__name__

"""Translates the exceptions of credential sources to errors of this package."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    MetadataRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
)

from ...errors import ConfigurationError, PubSubTasksError, TransportError

NO_CREDENTIALS = (
    "no AWS credentials: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, name a profile in AWS_PROFILE, "
    "or run with an IAM role"
)

_PROCESS = "custom-process"
"""botocore's name for `credential_process` in a CredentialRetrievalError."""


@contextmanager
def credential_errors(failure: type[TransportError]) -> Iterator[None]:
    """Translate exceptions of any source of credentials: a file, a process, a server, SSO.

    Raises `failure` if a server does not respond, and ConfigurationError for what a person must fix. botocore
    also raises exceptions of other libraries, such as JSONDecodeError for the output of a process.
    """
    try:
        yield
    except PubSubTasksError:
        raise
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise ConfigurationError(NO_CREDENTIALS) from error
    except Exception as error:
        text = f"AWS credentials cannot be read: {type(error).__name__}: {error}"
        if _is_temporary(error):
            code = error.response["Error"].get("Code", "") if isinstance(error, ClientError) else ""
            raise failure(text, code=code or type(error).__name__) from error
        raise ConfigurationError(f"{text}. Check AWS_PROFILE and the files in ~/.aws") from error


def _is_temporary(error: Exception) -> bool:
    if isinstance(error, ClientError):  # from STS, when assuming a role
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return bool(status >= 500 or "Throttl" in error.response["Error"].get("Code", ""))
    if isinstance(error, CredentialRetrievalError):
        return bool(error.kwargs.get("provider") != _PROCESS)
    return isinstance(error, HTTPClientError | MetadataRetrievalError)

"""Credentials: what their sources raise, as errors of this package."""

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
    "or run where a role gives them"
)

_PROCESS = "custom-process"
"""What botocore calls `credential_process` in a CredentialRetrievalError."""


@contextmanager
def credential_errors(failure: type[TransportError]) -> Iterator[None]:
    """Translate whatever a source of credentials raises: a file, a process, a server, SSO.

    ConfigurationError is for what a person must mend, `failure` for a server that does not answer. botocore
    raises other kinds than its own too, such as JSONDecodeError for what a process prints.
    """
    try:
        yield
    except PubSubTasksError:
        raise
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise ConfigurationError(NO_CREDENTIALS) from error
    except Exception as error:
        text = f"AWS credentials cannot be read: {type(error).__name__}: {error}"
        if _may_pass(error):
            code = error.response["Error"].get("Code", "") if isinstance(error, ClientError) else ""
            raise failure(text, code=code or type(error).__name__) from error
        raise ConfigurationError(f"{text}. Check AWS_PROFILE and the files in ~/.aws") from error


def _may_pass(error: Exception) -> bool:
    if isinstance(error, ClientError):  # of STS, where a role is assumed
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return bool(status >= 500 or "Throttl" in error.response["Error"].get("Code", ""))
    if isinstance(error, CredentialRetrievalError):
        return bool(error.kwargs.get("provider") != _PROCESS)
    return isinstance(error, HTTPClientError | MetadataRetrievalError)

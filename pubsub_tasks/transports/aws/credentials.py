"""Translates the exceptions of credential sources to errors of this package."""

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


def credential_error(error: Exception, failure: type[TransportError]) -> PubSubTasksError:
    """Return what to raise for an exception of a source of credentials: a file, a process, a server, SSO.

    It is a `failure` if a server does not respond, and a ConfigurationError for what a person must fix.
    botocore also raises exceptions of other libraries, such as JSONDecodeError for the output of a process.
    """
    if isinstance(error, NoCredentialsError | PartialCredentialsError):
        return ConfigurationError(NO_CREDENTIALS)
    text = f"AWS credentials cannot be read: {type(error).__name__}: {error}"
    if _is_temporary(error):
        code = error.response["Error"].get("Code", "") if isinstance(error, ClientError) else ""
        return failure(text, code=code or type(error).__name__)
    return ConfigurationError(f"{text}. Check AWS_PROFILE and the files in ~/.aws")


def _is_temporary(error: Exception) -> bool:
    if isinstance(error, ClientError):  # from STS, when assuming a role
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return bool(status >= 500 or "Throttl" in error.response["Error"].get("Code", ""))
    if isinstance(error, CredentialRetrievalError):
        return bool(error.kwargs.get("provider") != _PROCESS)
    return isinstance(error, HTTPClientError | MetadataRetrievalError)

"""The errors of SQS and SNS: codes, messages, HTTP statuses."""

_SQS = "AWS.SimpleQueueService."

# SQS uses the JSON protocol, but its SDKs still show the codes of the older query protocol. Source: the
# `awsQueryError` traits of the SQS model. A code that is not listed is the same in both protocols.
_QUERY_CODES = {
    "BatchEntryIdsNotDistinct": _SQS + "BatchEntryIdsNotDistinct",
    "BatchRequestTooLong": _SQS + "BatchRequestTooLong",
    "EmptyBatchRequest": _SQS + "EmptyBatchRequest",
    "InvalidBatchEntryId": _SQS + "InvalidBatchEntryId",
    "MessageNotInflight": _SQS + "MessageNotInflight",
    "PurgeQueueInProgress": _SQS + "PurgeQueueInProgress",
    "QueueDeletedRecently": _SQS + "QueueDeletedRecently",
    "QueueDoesNotExist": _SQS + "NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "TooManyEntriesInBatchRequest": _SQS + "TooManyEntriesInBatchRequest",
    "UnsupportedOperation": _SQS + "UnsupportedOperation",
}

_STATUSES = {
    "FilterPolicyLimitExceeded": 403,
    "NotFound": 404,
    "OverLimit": 403,
    "PurgeQueueInProgress": 403,
    "ReceiptHandleIsInvalid": 404,
    "ResourceNotFound": 404,
    "ResourceNotFoundException": 404,
    "InternalError": 500,
}


class ServiceError(Exception):
    """An error response of SQS or SNS.

    Attributes:
        code: the shape's name in SQS (`QueueDoesNotExist`), the code itself in SNS (`NotFound`).
        message: the error message of the service.
        query_code: the code in SQS's query protocol (`AWS.SimpleQueueService.NonExistentQueue`), which SDKs
            show; unused for SNS.
        status: HTTP status.
        sender_fault: True if repeating the same request cannot succeed.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.query_code = _QUERY_CODES.get(code, code)
        self.status = _STATUSES.get(code, 400)
        self.sender_fault = self.status < 500


def invalid_value(parameter: str, value: object, reason: str) -> ServiceError:
    """SQS's `InvalidParameterValue`."""
    return ServiceError(
        "InvalidParameterValue", f"Value {value} for parameter {parameter} is invalid. Reason: {reason}"
    )


def missing(parameter: str) -> ServiceError:
    """SQS's `MissingParameter`."""
    return ServiceError("MissingParameter", f"The request must contain the parameter {parameter}.")


def invalid_parameter(parameter: str, reason: str) -> ServiceError:
    """SNS's `InvalidParameter`."""
    return ServiceError("InvalidParameter", f"Invalid parameter: {parameter} Reason: {reason}")

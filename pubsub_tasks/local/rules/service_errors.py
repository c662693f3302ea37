"""What SQS and SNS answer when they refuse: codes, HTTP statuses, whose fault. Knows no rule behind it."""

_SQS = "AWS.SimpleQueueService."

# SQS speaks JSON, but its SDKs still show the codes of the older query protocol. The pairs and statuses
# are those of the `awsQueryError` traits of the SQS model; a code that is absent is the same in both.
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
    """A refusal, in the service's own words.

    Attributes:
        code: the shape's name in SQS (`QueueDoesNotExist`), the code itself in SNS (`NotFound`).
        message: what the service says.
        query_code: what SDKs of SQS's query protocol know it by (`AWS.SimpleQueueService.NonExistentQueue`).
            SNS has no use for it.
        status: HTTP status.
        sender_fault: True where sending the same again can never succeed.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.query_code = _QUERY_CODES.get(code, code)
        self.status = _STATUSES.get(code, 400)
        self.sender_fault = self.status < 500


def invalid_value(parameter: str, value: object, reason: str) -> ServiceError:
    """SQS's `InvalidParameterValue`, in its usual sentence."""
    return ServiceError(
        "InvalidParameterValue", f"Value {value} for parameter {parameter} is invalid. Reason: {reason}"
    )


def missing(parameter: str) -> ServiceError:
    """SQS's refusal of a request that lacks a parameter."""
    return ServiceError("MissingParameter", f"The request must contain the parameter {parameter}.")


def invalid_parameter(parameter: str, reason: str) -> ServiceError:
    """SNS's `InvalidParameter`, in its usual sentence."""
    return ServiceError("InvalidParameter", f"Invalid parameter: {parameter} Reason: {reason}")

"""Names of span attributes: those of the messaging conventions of OpenTelemetry, and the library's own.

Source: OpenTelemetry semantic conventions, "Messaging spans", "Amazon SQS" and "Amazon SNS". They are spelled
out because `opentelemetry-semantic-conventions` keeps them in a private module; a test compares them.
"""

SYSTEM = "messaging.system"
OPERATION_NAME = "messaging.operation.name"
OPERATION_TYPE = "messaging.operation.type"
DESTINATION = "messaging.destination.name"
MESSAGE_ID = "messaging.message.id"
CONVERSATION_ID = "messaging.message.conversation_id"
BATCH_COUNT = "messaging.batch.message_count"
ERROR_TYPE = "error.type"
OTHER_ERROR = "_OTHER"
EXCEPTION = "exception"
EXCEPTION_TYPE = "exception.type"
EXCEPTION_MESSAGE = "exception.message"
EXCEPTION_STACKTRACE = "exception.stacktrace"
TOPIC_ARN = "aws.sns.topic.arn"
QUEUE_URL = "aws.sqs.queue.url"

SNS = "aws.sns"
SQS = "aws_sqs"

CREATE = "create"
SEND = "send"
RECEIVE = "receive"
PROCESS = "process"

TASK = "pubsub_tasks.task"
MEDIA_TYPE = "pubsub_tasks.media_type"
ATTEMPT = "pubsub_tasks.attempt"
VERDICT = "pubsub_tasks.verdict"
REASON = "pubsub_tasks.reason"

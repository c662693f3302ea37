"""AWS Lambda Powertools as a judge, without the handler that it adds to every botocore session on import.

With that handler, botocore would make each call of every other test in the process.
"""

import botocore
from aws_lambda_powertools import Logger
from aws_lambda_powertools.shared.user_agent import _initializer_botocore_session
from aws_lambda_powertools.utilities.data_classes import SNSEvent, SQSEvent
from aws_lambda_powertools.utilities.parser.models import (
    EventBridgeModel,
    S3EventNotificationEventBridgeModel,
    S3Model,
    SesReceipt,
    SnsModel,
    SqsModel,
)
from aws_lambda_powertools.utilities.parser.models.ses import SesMail

botocore.unregister_initializer(_initializer_botocore_session)

__all__ = [
    "EventBridgeModel",
    "Logger",
    "S3EventNotificationEventBridgeModel",
    "S3Model",
    "SNSEvent",
    "SQSEvent",
    "SesMail",
    "SesReceipt",
    "SnsModel",
    "SqsModel",
]

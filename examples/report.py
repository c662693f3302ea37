"""A large report: a message of some megabytes, parked in S3 while a pointer travels through SNS and SQS.

    export PUBSUB_TASKS__PUBSUB_CLAIMS__BUCKET=large-messages       # for who publishes, and for the worker

What a topic takes is sent as it is, what is a little over it is compressed, and only the rest is parked.
"""

from typing import Any

from marshmallow import Schema, fields

from pubsub_tasks import PubSubMessageSchema, schema, task


class Row(Schema):
    day = fields.Date(required=True)
    visitors = fields.Integer(required=True)
    note = fields.String(load_default="")


@schema
class ReportWritten(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.stats.pubsub._.created.report"

    title = fields.String(required=True)
    rows = fields.List(fields.Nested(Row), required=True)


visitors: dict[str, int] = {}


@task(ReportWritten, queue="reports")
def summarize(title: str, rows: list[dict[str, Any]]) -> None:
    """Add it up. Where its body was is no matter of the task's."""
    visitors[title] = sum(row["visitors"] for row in rows)

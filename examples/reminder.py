"""A reminder a day ahead: published now, handled when it is due, whoever lives then.

Up to 15 minutes SQS itself delays a message. Beyond that EventBridge Scheduler does where a role is
configured; else the worker holds the message through its visibility and sends it on, hop by hop.

    export PUBSUB_TASKS__SQS_QUEUE_URLS__PREFIX=https://sqs.eu-west-1.amazonaws.com/123456789012/
"""

from datetime import datetime, timedelta

from marshmallow import fields

from pubsub_tasks import PubSubMessageSchema, schema, task

AHEAD = timedelta(days=1)


@schema
class AppointmentMade(PubSubMessageSchema):
    MEDIA_TYPE = "application/vnd.clinic.pubsub._.created.appointment"

    patient = fields.String(required=True)
    at = fields.AwareDateTime(required=True)


reminded: list[str] = []


@task(AppointmentMade, queue="reminders")
def remind(patient: str, at: datetime) -> None:
    """Tell the patient."""
    reminded.append(f"{patient}: tomorrow at {at:%H:%M}")


def appoint(patient: str, at: datetime) -> None:
    """Make an appointment, and have the patient reminded a day ahead, but not once it is over."""
    remind.options(at=at - AHEAD).publish(patient=patient, at=at)

"""Schemas of a shop with fields of every kind."""

from decimal import Decimal
from enum import Enum

from marshmallow import EXCLUDE, INCLUDE, RAISE, Schema, fields, validate

from pubsub_tasks.content.codec import Codec
from pubsub_tasks.content.message_schema import PubSubMessageSchema
from pubsub_tasks.schemas.json_schema import SchemaExport, export_schemas

ORDER = "application/vnd.shop.pubsub._.created.order"
TREE = "application/vnd.shop.pubsub._.created.tree"


class Color(Enum):
    RED = 1
    GREEN = 2


class Line(Schema):
    sku = fields.String(required=True, validate=validate.Length(min=1, max=9))
    price = fields.Decimal(as_string=True, validate=validate.Range(min=0))


class Node(Schema):
    value = fields.Integer()
    children = fields.List(fields.Nested(lambda: Node()))


class TreeGrown(PubSubMessageSchema):
    MEDIA_TYPE = TREE
    CONTENT_TYPE = "yaml"
    root = fields.Nested(Node, required=True)


class Closed(Schema):
    class Meta:
        unknown = RAISE

    code = fields.String()


class Open(Schema):
    class Meta:
        unknown = INCLUDE


class Dropping(Schema):
    class Meta:
        unknown = EXCLUDE


class OrderPlaced(PubSubMessageSchema):
    MEDIA_TYPE = ORDER

    order_id = fields.UUID(required=True, data_key="orderId")
    total = fields.Decimal(required=True, as_string=True)
    placed_at = fields.DateTime(allow_none=True)
    stamp = fields.DateTime(format="timestamp")
    currency = fields.String(load_default="EUR", validate=validate.OneOf(["EUR", "USD"]))
    discount = fields.Decimal(as_string=True, load_default=Decimal("0.50"), allow_none=True)
    count = fields.Integer(validate=validate.Range(min=1, max=5, max_inclusive=False))
    lines = fields.List(fields.Nested(Line), validate=validate.Length(min=1))
    first = fields.Nested(Line, allow_none=True)
    short = fields.Nested(Line(only=("sku",)))
    where = fields.Tuple((fields.Float(), fields.Float()))
    color = fields.Enum(Color)
    shade = fields.Enum(Color, by_value=True)
    labels = fields.Dict(keys=fields.String(), values=fields.Integer())
    kind = fields.Constant("order")
    shop = fields.Url(metadata={"description": "Where it was placed."})
    closed = fields.Nested(Closed)
    open = fields.Nested(Open)
    dropping = fields.Nested(Dropping)


def exported(*schemas: type[PubSubMessageSchema]) -> SchemaExport:
    return export_schemas(map(Codec, schemas or (OrderPlaced, TreeGrown)))

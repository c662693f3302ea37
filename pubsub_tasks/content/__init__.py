"""Content: validated and converted by marshmallow schemas, and how schemas are found by media type."""

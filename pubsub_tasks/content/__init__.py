"""From a marshmallow schema to a message's content and back."""

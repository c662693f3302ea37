"""The `schema` commands: export and diff."""

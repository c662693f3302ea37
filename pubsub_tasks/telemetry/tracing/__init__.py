"""OpenTelemetry traces of publishes and handled messages."""

"""The topics of the local broker, their subscriptions and filter policies."""

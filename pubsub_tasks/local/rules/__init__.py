"""The local broker as one call, and what its queues and topics share: limits, errors, the account."""

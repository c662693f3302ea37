"""What the local broker's queues and topics share: names, limits, errors, the account."""

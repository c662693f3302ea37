"""Messages and deliveries: headers, publish options, and how records are decoded and messages encoded."""

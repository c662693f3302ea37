"""Messages and deliveries: what is said, its headers and options, and its envelope."""

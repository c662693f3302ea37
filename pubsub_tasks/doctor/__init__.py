"""What stands otherwise than an application needs it, why it hurts, and how to mend it. No I/O."""

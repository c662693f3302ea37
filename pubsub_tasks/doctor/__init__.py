"""What differs in AWS from what an application needs, what it causes, and how to fix it. No I/O."""

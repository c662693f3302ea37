"""What must exist in AWS for an application to run: worked out without AWS, then made."""

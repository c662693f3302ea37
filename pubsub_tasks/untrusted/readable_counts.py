"""Numbers of things, as people read them. No I/O."""


def counted(number: int, noun: str) -> str:
    """Such as "1 step" or "1,234 steps". `noun` is singular, and its plural ends in s."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"

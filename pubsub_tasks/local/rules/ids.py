"""Message ids, tokens and sequence numbers, from one random generator so that a seed repeats a run."""

from random import Random

# 20 digits with room to grow; AWS only promises a large, increasing number.
_FIRST_SEQUENCE = 18_850_000_000_000_000_000
_STEP = 256
_VERSION_4 = (1 << 128) - 1 ^ (0xF << 76) ^ (0x3 << 62)


class Ids:
    """Message ids, tokens and increasing keys."""

    def __init__(self, random: Random) -> None:
        self._bits = random.getrandbits
        self._key = 0

    def uuid(self) -> str:
        """A random id in the form of a UUID4."""
        digits = "%032x" % (self._bits(128) & _VERSION_4 | 1 << 78 | 1 << 63)
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"

    def token(self) -> str:
        """16 random hexadecimal digits."""
        return f"{self._bits(64):016x}"

    def key(self) -> int:
        """A number larger than all before: the position of a message in its queue."""
        self._key += 1
        return self._key


def sequence_number(key: int) -> str:
    """The 20-digit sequence number that FIFO queues and topics return for a key."""
    return str(_FIRST_SEQUENCE + key * _STEP)

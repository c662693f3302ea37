"""The fast path: makes the hot calls with our own signing, serialization and HTTP/1.1 framing."""

"""A PostgreSQL of its own in a temporary directory, reached through a socket there."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_SETTINGS = "-c listen_addresses='' -c unix_socket_directories={home} -c fsync=off"


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of its database for SQLAlchemy, until the block ends."""
    # pytest's own directories are closed to the user that PostgreSQL runs as.
    with TemporaryDirectory(prefix="postgresql-") as home:
        data = str(Path(home) / "data")
        if user := _user():
            shutil.chown(home, user)
        _run("initdb", "--pgdata", data, "--username", "shop", "--auth", "trust", "--no-sync")
        log = str(Path(home) / "log")
        _run("pg_ctl", "start", "--pgdata", data, "--log", log, "-o", _SETTINGS.format(home=home))
        try:
            yield f"postgresql+psycopg://shop@/postgres?host={home}"
        finally:
            _run("pg_ctl", "stop", "--pgdata", data, "--mode", "immediate")


def _user() -> str | None:
    """Whom to run it as; None for oneself. PostgreSQL refuses to run as root."""
    return "postgres" if os.geteuid() == 0 else None


def _run(name: str, *arguments: str) -> None:
    # Debian keeps the programs of each version off the PATH.
    found = [str(path) for path in Path("/usr/lib/postgresql").glob(f"*/bin/{name}")]
    program = shutil.which(name) or max(found)
    done = subprocess.run(
        [program, *arguments],
        user=(user := _user()),
        group=user,
        extra_groups=[] if user else None,
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout

"""A PostgreSQL of the test's own, which can be stopped and started."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from django.core.management import call_command
from django.db import connection

from gridlink import embedded
from gridlink.env import database_config

_SWITCHED = ("NAME", "USER", "PASSWORD", "HOST", "PORT")


class OwnPostgres:
    """Runs on a folder, durable as in production; what it held is there again after a restart."""

    def __init__(self, folder: Path) -> None:
        self.url = ""
        self._folder = folder
        self._running = ExitStack()

    def start(self) -> None:
        """Start it; returns when it answers."""
        self.url = self._running.enter_context(embedded.embedded_postgres(self._folder))

    def stop(self) -> None:
        """Stop it as an operator does: whoever is connected is cut off, whatever is not committed is gone."""
        self._running.close()

    def restart(self) -> None:
        """Stop it, and start it again."""
        self.stop()
        self.start()


@contextmanager
def own_postgres() -> Iterator[OwnPostgres]:
    """Within the block it runs, migrated, and this process and those it starts use it."""
    before = connection.settings_dict.copy()
    with embedded._temporary_data() as folder:
        server = OwnPostgres(folder)
        server.start()
        try:
            connection.close()
            config = database_config(server.url)
            connection.settings_dict.update({name: config[name] for name in _SWITCHED})
            call_command("migrate", verbosity=0)
            yield server
        finally:
            connection.close()
            connection.settings_dict.update({name: before[name] for name in _SWITCHED})
            server.stop()

"""A PostgreSQL of the test's own, which can be stopped and started, and connections that end."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg2
from django.core.management import call_command
from django.db import connection, connections

from gridlink import embedded
from gridlink.env import database_config, databases
from gridlink.lib.postgres_files import owner_options, postgres_home, postgres_programs

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
    with embedded.temporary_data() as folder:
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


class Standby(OwnPostgres):
    """A hot standby that streams from another server."""

    def __init__(self, folder: Path, primary: OwnPostgres) -> None:
        super().__init__(folder)
        self.primary_url = primary.url
        embedded.prepare_data(folder)
        home = postgres_home(folder)
        command = [
            *(str(postgres_programs(home) / "pg_basebackup"), "-d", primary.url),
            # Now, and not when the next checkpoint is due; with all it needs to follow.
            *("-D", str(home / "cluster"), "--checkpoint=fast", "--write-recovery-conf"),
        ]
        subprocess.run(command, check=True, capture_output=True, **owner_options(home))

    def start(self) -> None:
        """Nobody waits for queries that stand in the way of the replay."""
        settings = {"max_standby_streaming_delay": "0"}
        self.url = self._running.enter_context(embedded.embedded_postgres(self._folder, settings))

    def ask(self, statement: str) -> Any:
        """The one value that it answers."""
        with closing(psycopg2.connect(self.url)) as asked, asked.cursor() as cursor:
            cursor.execute(statement)
            (row,) = cursor.fetchall()
        return row[0]


@contextmanager
def replica_in_settings() -> Iterator[None]:
    """Within the block there is the alias, which Django's test cases want to know of before a test begins."""
    url = "postgresql://nobody@nowhere/none"
    connections.settings["replica"] = databases(url, replica_url=url, seconds=0)["replica"]
    connections.configure_settings(connections.settings)
    try:
        yield
    finally:
        connections["replica"].close()
        del connections["replica"], connections.settings["replica"]


@contextmanager
def own_replica(primary: OwnPostgres) -> Iterator[Standby]:
    """Within the block it runs, and is the replica of this process, whose settings have one."""
    with embedded.temporary_data() as folder:
        server = Standby(folder, primary)
        server.start()
        config = database_config(server.url)
        connections.settings["replica"].update({name: config[name] for name in _SWITCHED})
        try:
            yield server
        finally:
            server.stop()


def end_other_connections() -> int:
    """What a restart does to everybody's connections; a frozen one ends when it thaws. Returns how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        return sum(is_ended for (is_ended,) in cursor.fetchall())


def other_connections() -> dict[int, bool]:
    """The process ids of everybody else's sessions, and whether each waits for something to do."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pid, state = 'idle' FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND backend_type = 'client backend'"
        )
        return dict(cursor.fetchall())

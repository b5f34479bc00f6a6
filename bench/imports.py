"""Measure what an import costs beside merely loading its rows. `make bench-imports`.

A table of links in a hundred folders is imported as a worker does it, from the claim of the job to its end:
read, checked, matched, decided on, stored, recorded for an undo, and reported line by line. The rows of the
resulting links are then loaded by plain COPY into the same table, emptied, with the same indexes. Both are
done in turns, in one transaction each. It ends with the peak memory of this process.
"""

from __future__ import annotations

import random
import resource
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import connection, transaction

from bench.command import options, timed
from bench.report import conclude, say, show_turns
from bench.servers import database, stop_gently
from gridlink.accounts.models import User
from grids.imports.services import import_submit
from grids.models import Link
from tasks.jobs import executor

TARGET = 25_000
_FOLDERS = 100
_WORDS = (
    "album", "archive", "atlas", "bakery", "bicycle", "bridge", "castle", "coffee", "compass", "desert",
    "essay", "forest", "garden", "guide", "harbour", "history", "island", "journal", "lantern", "market",
    "museum", "novel", "orchard", "piano", "recipe", "river", "studio", "summer", "theatre", "winter",
)  # fmt: skip
_TAGS = ("art", "books", "code", "food", "later", "music", "news", "travel")
_HOSTS = ("example.org", "blog.example.net", "shop.example.com", "www.example.edu")
_MADE = (
    "grids_imported_link",
    "grids_imported_grid",
    "grids_import_run",
    "grids_link",
    "grids_grid",
)


def main() -> int:
    """Measure and report; return the exit code."""
    asked = options(__doc__, links=100_000, turns=3)
    stop_gently()
    with tempfile.TemporaryDirectory() as name, database("imports"):
        folder = Path(name)
        settings.STORAGE_URL = (folder / "storage").as_uri()
        user = User.objects.create_user("bench")
        turns = [_turn(turn, user, asked.links, folder) for turn in range(asked.turns)]
    return _report(asked.links, turns)


def _report(links: int, turns: list[tuple[float, float]]) -> int:
    ratio, per_second = show_turns("links", links, ("import", "COPY"), turns)
    return conclude(
        "imports",
        per_second=per_second,
        ratio=round(ratio, 2),
        peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        target=TARGET,
        holds=per_second >= TARGET,
    )


def _turn(turn: int, user: User, links: int, folder: Path) -> tuple[float, float]:
    """Return the seconds of the import and of COPY."""
    say(f"Turn {turn + 1}")
    _empty(*_MADE)
    job = import_submit(
        user=user, source="csv", mode="apply", name="links.csv", chunks=_file(links)
    ).job
    imported = timed(partial(executor.execute, slug=job.slug, worker="bench"))
    job.refresh_from_db()
    if job.result.get("links") != links:
        raise RuntimeError(f"Not every link was imported: {job.status} {job.result}")
    # The table makes the search vector itself, as it does for whoever merely stores a link.
    columns = ", ".join(
        str(field.column) for field in Link._meta.concrete_fields if field.column != "search"
    )
    rows = folder / "rows"
    with connection.cursor() as cursor, rows.open("wb") as file:
        cursor.copy_expert(f"COPY (SELECT {columns} FROM grids_link ORDER BY id) TO STDOUT", file)
    _empty("grids_link")
    return imported, timed(partial(_load, columns, rows))


def _file(links: int) -> Iterator[bytes]:
    chance = random.Random(links)
    yield b"url,title,tags,created_on,folder\n"
    for number in range(links):
        title = " ".join(chance.choices(_WORDS, k=4))
        url = f"https://{chance.choice(_HOSTS)}/{title.replace(' ', '-')}/{number}"
        tags = "|".join(chance.sample(_TAGS, chance.randrange(4)))
        moment = f"20{10 + number % 15}-05-0{1 + number % 9}T10:00:00Z"
        yield f"{url},{title.title()},{tags},{moment},Folder {number % _FOLDERS}\n".encode()


def _load(columns: str, rows: Path) -> None:
    with transaction.atomic(), connection.cursor() as cursor, rows.open("rb") as file:
        cursor.copy_expert(f"COPY grids_link ({columns}) FROM STDIN", file)


def _empty(*tables: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
        # What one side leaves to be written later must not be paid for by the other.
        cursor.execute("CHECKPOINT")


if __name__ == "__main__":
    sys.exit(main())

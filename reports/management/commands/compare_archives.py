"""Check whether two archives hold the same account: `manage.py compare_archives`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reports.exports.archive.compare import compare
from reports.exports.archive.format import ArchiveError
from reports.exports.archive.reader import Archive


class Command(BaseCommand):
    help = (
        "Compare two archives of accounts, row by row and in any order. Ends with 1 when anything differs but"
        " the instant and the instance. Needs no database."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("first", type=Path, metavar="A.zip")
        parser.add_argument("second", type=Path, metavar="B.zip")

    def handle(self, *args: Any, **options: Any) -> None:
        first, second = options["first"], options["second"]
        try:
            with first.open("rb") as one, second.open("rb") as other:
                found = compare(Archive(one), Archive(other))
        except (OSError, ArchiveError) as error:
            raise CommandError(f"Cannot be compared: {error}") from error
        for note in found.notes:
            self.stdout.write(f"may differ: {note}")
        for difference in found.differences:
            self.stdout.write(difference)
        if found.differences:
            raise CommandError("different")
        self.stdout.write("equal")

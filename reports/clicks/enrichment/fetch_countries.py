"""Fetch the database of countries: `make countries`, and before `make run` and `make demo`.

The packaging is CC0; the data is from the Number Resource Organization (NRO) under CC BY 4.0, which asks that
it be named.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from django.conf import settings

from gridlink.lib.npm import FetchError, package, place

PACKAGE = "@ip-location-db/geo-whois-asn-country-mmdb"
VERSION = "2.3.2026061719"
INTEGRITY = "sha512-xemBDNQl4mCYDuVbqe3jKGKsVDykZGkfvebhtOh/3VGLadq8vsp7t7ontpMUt3hH7sAGT0eLDyJ99SV+0waxZg=="
# The one of the package's three files that has both IPv4 and IPv6.
MEMBER = "package/geo-whois-asn-country.mmdb"


def fetch(target: Path) -> None:
    """Put the database at `target`, all of it or none. Raises FetchError."""
    with package(PACKAGE, VERSION, INTEGRITY, what="countries") as opened:
        place(opened, MEMBER, target)


def main(arguments: Sequence[str] | None = None) -> None:
    """Fetch the database; end the process with a line to stderr when that fails.

    With --if-missing an existing file stays, and a failure is a line that says what it means.
    """
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridlink.settings")
    parser = argparse.ArgumentParser(description="Fetch the database of countries with npm.")
    parser.add_argument("--if-missing", action="store_true", help="start without it if need be")
    parser.add_argument("--to", type=Path, metavar="FILE", help="default: COUNTRY_DB")
    options = parser.parse_args(arguments)
    target = options.to or settings.COUNTRY_DB
    if options.if_missing and target.exists():
        return
    try:
        fetch(target)
    except FetchError as error:
        if not options.if_missing:
            sys.exit(str(error))
        sys.stdout.write(
            f"Visitors' countries stay unknown until `make countries` works: {error}\n"
        )
        return
    sys.stdout.write(f"Countries of {PACKAGE} {VERSION} are at {target}\n")


if __name__ == "__main__":
    main()

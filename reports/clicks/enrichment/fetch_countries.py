"""Fetch the database of countries: `make countries`.

The packaging is CC0; the data is from the Number Resource Organization (NRO) under CC BY 4.0, which asks that
it be named.
"""

from __future__ import annotations

import os
import sys
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


def main() -> None:
    """Fetch to settings.COUNTRY_DB; ends the process with a line to stderr when that fails."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridlink.settings")
    try:
        fetch(settings.COUNTRY_DB)
    except FetchError as error:
        sys.exit(str(error))
    sys.stdout.write(f"Countries of {PACKAGE} {VERSION} are at {settings.COUNTRY_DB}\n")


if __name__ == "__main__":
    main()

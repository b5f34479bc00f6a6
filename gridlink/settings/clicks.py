"""Define how clicks are accepted, judged and kept."""

from __future__ import annotations

from pathlib import Path

from gridlink.env import env_bool, env_int, env_str
from gridlink.settings.base import DATA_DIR

# REDIRECT_PORT is what PUBLIC_PORT was called when the public tier had redirects only.
_PUBLIC_PORT = env_str("PUBLIC_PORT") or env_str("REDIRECT_PORT") or "8001"
# Where the public tier is reached from outside; short links and addresses of pages begin with it.
LINK_BASE_URL = env_str("LINK_BASE_URL").rstrip("/") or f"http://127.0.0.1:{_PUBLIC_PORT}"
# Where the public tier keeps clicks on its own disk while Redis is away.
CLICK_SPOOL = Path(env_str("CLICK_SPOOL") or DATA_DIR / "spool")
# A repeated click by the same visitor on the same link within so many seconds is a duplicate.
CLICK_DUPLICATE_SECONDS = env_int("CLICK_DUPLICATE_SECONDS", 10, minimum=0)
CLICK_KEEP_MONTHS = env_int("CLICK_KEEP_MONTHS", 25, minimum=1)
# For so many days after a day has ended, late clicks of it can still be given a visitor's hash.
VISITOR_SALT_DAYS = env_int("VISITOR_SALT_DAYS", 1, minimum=0)
HONOUR_DO_NOT_TRACK = env_bool("HONOUR_DO_NOT_TRACK", True)
COUNTRY_DB = Path(env_str("COUNTRY_DB") or DATA_DIR / "geo" / "country.mmdb")

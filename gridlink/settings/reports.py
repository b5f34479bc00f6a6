"""Define limits of reports and how long their results are kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from gridlink.env import env_int, env_str
from gridlink.settings.base import DATA_DIR

REPORTS_PER_USER = env_int("REPORTS_PER_USER", 500, minimum=1)
# How long runs other than a report's newest keep their result; 0 means for good. The default lets a
# year be compared with the one before.
REPORT_RUN_LIFE = timedelta(days=env_int("REPORT_RUN_DAYS", 400))
# Space for the results of one user's earlier runs; 0 means no limit.
REPORT_RESULT_BYTES = env_int("REPORT_RESULT_BYTES", 1024**3)
# Fonts for PDF besides those of the system, as `make fonts` fetches them.
FONTS_DIR = Path(env_str("FONTS_DIR") or DATA_DIR / "fonts")

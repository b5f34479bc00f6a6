"""Reports."""

from __future__ import annotations

from pathlib import Path

from gridlink.env import env_int, env_str
from gridlink.settings.house import DATA_DIR

REPORTS_PER_USER = env_int("REPORTS_PER_USER", 500, minimum=1)
# Fonts for PDF beside those of the system, as `make fonts` fetches them.
FONTS_DIR = Path(env_str("FONTS_DIR") or DATA_DIR / "fonts")

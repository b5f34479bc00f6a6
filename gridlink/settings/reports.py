"""Reports."""

from __future__ import annotations

from pathlib import Path

from gridlink.env import env_str
from gridlink.settings.house import DATA_DIR

# Fonts for PDF beside those of the system, as `make fonts` fetches them.
FONTS_DIR = Path(env_str("FONTS_DIR") or DATA_DIR / "fonts")

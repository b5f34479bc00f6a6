"""Measure every speed claim: `python -m bench.<name>` ends with one line of JSON.

Run them by `make bench-<name>`, with temporary servers.
"""

from __future__ import annotations

import logging
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridlink.settings")
django.setup()
# What happens in a bench's own process is no news; the servers it starts log as ever.
logging.disable(logging.INFO)

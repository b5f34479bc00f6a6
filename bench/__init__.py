"""Every speed claim as a command: `python -m bench.<name>` measures, and ends with one line of JSON.

Run them by `make bench-<name>`, beside servers of their own.
"""

from __future__ import annotations

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridlink.settings")
django.setup()

#!/usr/bin/env python
"""Run Django's command line for Gridlink.

`manage.py help` lists the commands; docs/operations.md says when operators need which.
"""

from __future__ import annotations

import os
import sys

from django.core.management import execute_from_command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridlink.settings")
    execute_from_command_line(sys.argv)

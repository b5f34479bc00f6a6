"""The WSGI entry point of the web tier: `gunicorn gridlink.wsgi`."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from gridlink.lib.garbage import freeze_loaded_objects

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridlink.settings")

# Threads here mostly wait for servers. With the usual 5 ms one that has its answer may wait that long for one
# that computes: the doorbell's, in every request that starts a job.
sys.setswitchinterval(0.0005)

application = get_wsgi_application()

# The first request would load the rest.
import_module(settings.ROOT_URLCONF)
freeze_loaded_objects()

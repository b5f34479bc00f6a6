"""Provide the WSGI entry point of the web tier: `gunicorn gridlink.wsgi`."""

from __future__ import annotations

import os
import sys
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from gridlink.lib.garbage import freeze_loaded_objects

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridlink.settings")

# Threads here mostly wait for servers. By default one that has its answer, such as the publisher in every
# request that starts a job, may wait 5 ms for one that computes.
sys.setswitchinterval(0.0005)

application = get_wsgi_application()

# Otherwise the first request would load the rest.
import_module(settings.ROOT_URLCONF)
freeze_loaded_objects()

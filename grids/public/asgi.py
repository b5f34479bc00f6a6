"""Create the application that `granian grids.public.asgi:application` serves."""

from __future__ import annotations

import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridlink.settings")
django.setup()

from django.conf import settings  # noqa: E402  (needs django.setup)

from gridlink.lib.garbage import freeze_loaded_objects  # noqa: E402
from grids.public.app import PublicApp  # noqa: E402
from grids.public.events import EventFactory  # noqa: E402

application = PublicApp(
    redis_url=settings.CLICKS_REDIS_URL,
    spool=settings.CLICK_SPOOL,
    event_factory=EventFactory(settings.TRUSTED_PROXIES, settings.HONOUR_DO_NOT_TRACK),
)

freeze_loaded_objects()
gc.set_threshold(100_000, 50, 100)

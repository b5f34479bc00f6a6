"""Create the application that `granian grids.public.asgi:application` serves."""

from __future__ import annotations

import gc
import logging
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridlink.settings")
django.setup()

from django.conf import settings  # noqa: E402  (needs django.setup)

from gridlink.lib.garbage import freeze_loaded_objects  # noqa: E402
from gridlink.lib.weburl import shared_host  # noqa: E402
from grids.public.app import PublicApp  # noqa: E402
from grids.public.events import EventFactory  # noqa: E402
from grids.public.pages import messages  # noqa: E402

application = PublicApp(
    redis_url=settings.CLICKS_REDIS_URL,
    spool=settings.CLICK_SPOOL,
    event_factory=EventFactory(settings.TRUSTED_PROXIES, settings.HONOUR_DO_NOT_TRACK),
)

logger = logging.getLogger(__name__)
host = shared_host(settings.LINK_BASE_URL, settings.PUBLIC_URL)
# On one machine both are its loopback address.
if host and not settings.IS_LOCAL:
    logger.warning("pages_share_host", extra={"host": host})
# Not in the event loop, and before the database may be away.
messages.render_all()
freeze_loaded_objects()
gc.set_threshold(100_000, 50, 100)

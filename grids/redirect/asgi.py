"""What the server of the redirect tier loads: `granian grids.redirect.asgi:application`."""

from __future__ import annotations

import gc
import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridlink.settings")
django.setup()

from django.conf import settings  # noqa: E402  (needs django.setup)

from grids.redirect.app import RedirectApp  # noqa: E402
from grids.redirect.visit import Visitors  # noqa: E402

application = RedirectApp(
    redis_url=settings.CLICKS_REDIS_URL,
    spool=settings.CLICK_SPOOL,
    visitors=Visitors(settings.TRUSTED_PROXIES, settings.HONOUR_DO_NOT_TRACK),
)

# What is loaded by now stays for good, and looking through it again and again for garbage would make every
# hundredth visitor wait; what requests leave behind is freed by its reference counts.
gc.collect()
gc.freeze()
gc.set_threshold(100_000, 50, 100)

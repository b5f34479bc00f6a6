"""The Celery application: `celery -A celery_app worker`.

All of its configuration is in `gridlink.settings` under names that start with `CELERY_`.
"""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridlink.settings")

app = Celery("gridlink")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

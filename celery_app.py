"""Define the Celery application: `celery -A celery_app worker`.

Its configuration is in `gridlink.settings`, under names that start with `CELERY_`.
"""

from __future__ import annotations

import os

from celery import Celery
from django_structlog.celery.steps import DjangoStructLogInitStep

from tasks.broker.worker import connect_worker_signals, patch_redis_transport

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "gridlink.settings")
# Celery ignores the results of the checks, which load the web tier: a seventh of a worker's memory.
os.environ.setdefault("CELERY_SKIP_CHECKS", "1")
# Makes SIGTERM, which supervisors send, the soft shutdown: running jobs get WORKER_STOP_SECONDS to end and
# are then handed back. Celery reads this when a worker starts.
os.environ.setdefault("REMAP_SIGTERM", "SIGQUIT")

patch_redis_transport()
connect_worker_signals()
app = Celery("gridlink")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
# Log lines of a worker carry the id of the request that its task came from.
app.steps["worker"].add(DjangoStructLogInitStep)

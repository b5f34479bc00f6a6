"""Define Redis and Celery, which transport job ids and never hold the truth."""

from __future__ import annotations

from datetime import timedelta

from kombu import Exchange, Queue

from gridlink import embedded
from gridlink.env import env_int, env_secret
from gridlink.lib import queues
from gridlink.settings.base import DATA_DIR
from gridlink.settings.jobs import JOB_SWEEP_SECONDS, SCHEDULE_SECONDS

REDIS_URL = env_secret("REDIS_URL") or embedded.redis_url(DATA_DIR)
# The stream of clicks may have a Redis of its own, with its own durability.
CLICKS_REDIS_URL = env_secret("CLICKS_REDIS_URL") or REDIS_URL
# Holds what can be made again, and may evict it; everything works, slower, without it.
CACHE_REDIS_URL = env_secret("CACHE_REDIS_URL") or embedded.redis_url(DATA_DIR, "cache")
# Publishing gives up at once while Redis is away: the sweeper publishes again.
_PUBLISH_RETRY = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
}
CELERY_BROKER_URL = embedded.celery_redis_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": queues.visibility_timeout(),
    "socket_connect_timeout": 3,
    "socket_timeout": 10,
    "socket_keepalive": True,
    "health_check_interval": 25,
    **_PUBLISH_RETRY,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = _PUBLISH_RETRY
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = False
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TRACK_STARTED = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = float(env_int("WORKER_STOP_SECONDS", 30))
CELERY_WORKER_ENABLE_SOFT_SHUTDOWN_ON_IDLE = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = True
CELERY_TASK_SEND_SENT_EVENT = True
# A database connection serves so many tasks, unless it grows too old before (DATABASE_CONN_SECONDS).
CELERY_DB_REUSE_MAX = 1000
CELERY_TASK_DEFAULT_QUEUE = "maintenance"
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_QUEUES = [Queue(name, Exchange(name), routing_key=name) for name in queues.QUEUES]
CELERY_TASK_ROUTES = {
    "reports.ingest_clicks": {"queue": "ingest"},
    "tasks.deliver": {"queue": "notify"},
}
# Operational tasks keep a result for ops (django-celery-results); user jobs have their own row.
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXTENDED = True
CELERY_RESULT_EXPIRES = timedelta(days=2)
CELERY_BEAT_SCHEDULER = "tasks.broker.beat.LockedScheduler"
# Work that runs once per slot is requested twice per slot: beat's ticks drift, and one tick per slot would
# sometimes skip a slot. Messages that `ops` was away for expire, but not sooner than the clocks of two hosts
# may differ, since beat's clock sets that moment and the worker's clock checks it.
CELERY_BEAT_SCHEDULE = {
    name: {"task": task, "schedule": seconds, "options": {"expires": max(3 * seconds, 300)}}
    for name, task, seconds in (
        ("sweep-jobs", "tasks.sweep_jobs", float(JOB_SWEEP_SECONDS)),
        ("deliver", "tasks.deliver", 5.0),
        ("fire-schedules", "tasks.fire_schedules", float(SCHEDULE_SECONDS)),
        ("ring-canaries", "tasks.ring_canaries", 30.0),
        ("sweep-files", "tasks.sweep_files", 1800.0),
        ("sweep-records", "tasks.sweep_records", 1800.0),
        ("ingest-clicks", "reports.ingest_clicks", 2.0),
        ("sweep-clicks", "reports.sweep_clicks", 1800.0),
        ("sweep-results", "reports.sweep_results", 1800.0),
    )
}
CELERY_TIMEZONE = "UTC"

"""Define storage, leases, quotas, schedules and exports of jobs."""

from __future__ import annotations

from datetime import timedelta

from gridlink.env import env_int, env_str
from gridlink.settings.base import DATA_DIR

STORAGE_URL = env_str("STORAGE_URL") or (DATA_DIR / "storage").as_uri()
JOB_LEASE = timedelta(seconds=env_int("JOB_LEASE_SECONDS", 60, minimum=2))
JOB_HEARTBEAT_SECONDS = min(1.0, JOB_LEASE.total_seconds() / 6)
JOB_MAX_ATTEMPTS = env_int("JOB_MAX_ATTEMPTS", 3, minimum=1)
JOB_SWEEP_SECONDS = env_int("JOB_SWEEP_SECONDS", 10, minimum=1)
# A job queued for longer than this is published again, since its message may be lost.
JOB_RERING = timedelta(seconds=env_int("JOB_RERING_SECONDS", 30, minimum=1))
JOBS_RUNNING_PER_USER = env_int("JOBS_RUNNING_PER_USER", 2, minimum=1)
# Quotas of each user; 0 means no limit.
JOB_QUOTA_QUEUED = env_int("JOB_QUOTA_QUEUED", 1000)
JOB_QUOTA_ROWS_PER_DAY = env_int("JOB_QUOTA_ROWS_PER_DAY", 100_000_000)
JOB_QUOTA_BYTES = env_int("JOB_QUOTA_BYTES", 20 * 1024**3)
JOB_FILE_LIFE = timedelta(days=env_int("JOB_FILE_DAYS", 7, minimum=1))
DOWNLOAD_URL_SECONDS = env_int("DOWNLOAD_URL_SECONDS", 3600, minimum=1)
DOWNLOAD_LOG_LIFE = timedelta(days=env_int("DOWNLOAD_LOG_DAYS", 365, minimum=1))
IDEMPOTENCY_KEY_LIFE = timedelta(hours=env_int("IDEMPOTENCY_KEY_HOURS", 24, minimum=1))

# --- Schedules ---------------------------------------------------------------------------------
# How often the scheduler looks for due slots.
SCHEDULE_SECONDS = env_int("SCHEDULE_SECONDS", 15, minimum=1)
# A slot that ended longer ago than this is missed.
SCHEDULE_GRACE = timedelta(seconds=env_int("SCHEDULE_GRACE_SECONDS", 900, minimum=1))
SCHEDULES_PER_USER = env_int("SCHEDULES_PER_USER", 100)
SCHEDULE_RUN_LIFE = timedelta(days=env_int("SCHEDULE_RUN_DAYS", 365, minimum=1))

# --- Exports -----------------------------------------------------------------------------------
# How many database connections an export of clicks reads from in parallel.
EXPORT_CONNECTIONS = env_int("EXPORT_CONNECTIONS", 2, minimum=1)
# The smallest number of rows in each part of an export of clicks, except the last part.
EXPORT_PIECE_ROWS = env_int("EXPORT_PIECE_ROWS", 250_000, minimum=1)
# A larger export ends as "truncated"; 0 means no limit.
EXPORT_ROWS_MAX = env_int("EXPORT_ROWS_MAX", 0)

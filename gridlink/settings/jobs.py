"""Jobs, clicks, and what jobs ask of the world outside."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from gridlink.env import env_bool, env_int, env_list, env_str
from gridlink.lib.outbound.addresses import networks_of, ports_of
from gridlink.settings.base import DATA_DIR

# --- Jobs --------------------------------------------------------------------------------------
STORAGE_URL = env_str("STORAGE_URL") or (DATA_DIR / "storage").as_uri()
JOB_LEASE = timedelta(seconds=env_int("JOB_LEASE_SECONDS", 60, minimum=2))
JOB_HEARTBEAT_SECONDS = min(1.0, JOB_LEASE.total_seconds() / 6)
JOB_MAX_ATTEMPTS = env_int("JOB_MAX_ATTEMPTS", 3, minimum=1)
JOB_SWEEP_SECONDS = env_int("JOB_SWEEP_SECONDS", 10, minimum=1)
# A queued job whose doorbell was lost is rung for again after this long.
JOB_RERING = timedelta(seconds=env_int("JOB_RERING_SECONDS", 30, minimum=1))
JOBS_RUNNING_PER_USER = env_int("JOBS_RUNNING_PER_USER", 2, minimum=1)
# Of one user; 0 is no limit.
JOB_QUOTA_QUEUED = env_int("JOB_QUOTA_QUEUED", 1000)
JOB_QUOTA_ROWS_PER_DAY = env_int("JOB_QUOTA_ROWS_PER_DAY", 100_000_000)
JOB_QUOTA_BYTES = env_int("JOB_QUOTA_BYTES", 20 * 1024**3)
# How often it is looked what is due.
SCHEDULE_SECONDS = env_int("SCHEDULE_SECONDS", 15, minimum=1)
# A slot that is longer over than this is missed.
SCHEDULE_GRACE = timedelta(seconds=env_int("SCHEDULE_GRACE_SECONDS", 900, minimum=1))
SCHEDULES_PER_USER = env_int("SCHEDULES_PER_USER", 100)
SCHEDULE_RUN_LIFE = timedelta(days=env_int("SCHEDULE_RUN_DAYS", 365, minimum=1))
# How many connections to the database one export of clicks reads through at once.
EXPORT_CONNECTIONS = env_int("EXPORT_CONNECTIONS", 2, minimum=1)
# Of an export of clicks that is written in parts, how many rows each has at least, unless it is the last.
EXPORT_PIECE_ROWS = env_int("EXPORT_PIECE_ROWS", 250_000, minimum=1)
# How many rows one export may have; it ends as "truncated" if there are more. 0: no limit.
EXPORT_ROWS_MAX = env_int("EXPORT_ROWS_MAX", 0)
JOB_FILE_LIFE = timedelta(days=env_int("JOB_FILE_DAYS", 7, minimum=1))
DOWNLOAD_URL_SECONDS = env_int("DOWNLOAD_URL_SECONDS", 3600, minimum=1)
DOWNLOAD_LOG_LIFE = timedelta(days=env_int("DOWNLOAD_LOG_DAYS", 365, minimum=1))
IDEMPOTENCY_KEY_LIFE = timedelta(hours=env_int("IDEMPOTENCY_KEY_HOURS", 24, minimum=1))

# --- Clicks ------------------------------------------------------------------------------------
# Where the redirect tier is reached from outside; what short links begin with.
LINK_BASE_URL = (
    env_str("LINK_BASE_URL").rstrip("/") or f"http://127.0.0.1:{env_int('REDIRECT_PORT', 8001)}"
)
# What the redirect tier keeps of clicks on its own disk while Redis is away.
CLICK_SPOOL = Path(env_str("CLICK_SPOOL") or DATA_DIR / "spool")
# Another click by the same visitor on the same link within so many seconds is a duplicate.
CLICK_DUPLICATE_SECONDS = env_int("CLICK_DUPLICATE_SECONDS", 10, minimum=0)
CLICK_KEEP_MONTHS = env_int("CLICK_KEEP_MONTHS", 25, minimum=1)
# How long after the end of its day a visitor's hash can still be made, for clicks that come late.
VISITOR_SALT_DAYS = env_int("VISITOR_SALT_DAYS", 1, minimum=0)
HONOUR_DO_NOT_TRACK = env_bool("HONOUR_DO_NOT_TRACK", True)
COUNTRY_DB = Path(env_str("COUNTRY_DB") or DATA_DIR / "geo" / "country.mmdb")

# --- Requests to addresses that users name -------------------------------------------------------
# Networks that may be asked though they are not of the public internet, for a Gridlink on an intranet.
OUTBOUND_ALLOW = networks_of("OUTBOUND_ALLOW", env_list("OUTBOUND_ALLOW", []))
OUTBOUND_PORTS = ports_of("OUTBOUND_PORTS", env_list("OUTBOUND_PORTS", ["80", "443"]))
LINK_CHECKS_AT_ONCE = env_int("LINK_CHECKS_AT_ONCE", 16, minimum=1)
LINK_CHECK_SECONDS = env_int("LINK_CHECK_SECONDS", 10, minimum=1)
LINK_SLOW_SECONDS = env_int("LINK_SLOW_SECONDS", 3, minimum=1)
METADATA_PER_ACCOUNT = (env_int("METADATA_PER_ACCOUNT", 20, minimum=1), 3.0)

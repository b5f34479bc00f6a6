"""Every setting of Gridlink, read from the environment; `docs/settings.md` describes each variable.

With none of them set, the embedded PostgreSQL and Redis of `gridlink.embedded` and a local folder serve.
A value that makes no sense is refused at start, never guessed at.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import django_stubs_ext
from django.core.exceptions import ImproperlyConfigured
from kombu import Exchange, Queue

from gridlink import embedded
from gridlink.env import (
    database_config,
    env_bool,
    env_choice,
    env_int,
    env_list,
    env_secret,
    env_str,
)
from gridlink.lib.logs import logging_config
from gridlink.lib.outbound.addresses import networks_of, ports_of
from gridlink.lib.queues import QUEUES, visibility_timeout

# Lets `ModelAdmin[User]` and its like, which the type checker needs, be evaluated at run time.
django_stubs_ext.monkeypatch()

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = embedded.data_dir()
# The machine is somebody's own when no database is named: then secrets may be made up and kept locally.
DATABASE_URL = env_secret("DATABASE_URL")
IS_LOCAL = not DATABASE_URL

DEBUG = env_bool("DEBUG", False)
SECRET_KEY = env_secret("SECRET_KEY") or (
    embedded.local_secret(DATA_DIR, "SECRET_KEY") if IS_LOCAL else ""
)
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY (or SECRET_KEY_FILE) must be set with DATABASE_URL.")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS", [])

# --- The house ---------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_linear_migrations",
    "django_celery_results",
    "django_structlog",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "gridlink.accounts",
    "gridlink.apps.GridlinkConfig",
    "tasks",
    "grids",
    "reports",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django_structlog.middlewares.RequestMiddleware",
    "gridlink.lib.rest.middleware.BodyLimitMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "gridlink.urls"
WSGI_APPLICATION = "gridlink.wsgi.application"
# A redirect would drop the body of a POST, so a path without its last slash is a plain 404.
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
STATIC_URL = "/static/"
# Static files are served from the packages they ship in: no collectstatic step to forget.
WHITENOISE_USE_FINDERS = True

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# --- Postgres ----------------------------------------------------------------------------------
DATABASES = {
    "default": {
        **database_config(DATABASE_URL or embedded.database_url(DATA_DIR)),
        "CONN_MAX_AGE": env_int("DATABASE_CONN_SECONDS", 60),
        "CONN_HEALTH_CHECKS": True,
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Accounts ----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
SIGNUP_OPEN = env_bool("SIGNUP_OPEN", True)
TOKEN_DAYS = env_int("TOKEN_DAYS", 90, minimum=1)
# Token buckets (burst, seconds until one more is allowed) of the doors that passwords go through.
LOGIN_ATTEMPTS = (env_int("LOGIN_ATTEMPTS", 10, minimum=1), 60.0)
LOGIN_ATTEMPTS_PER_ADDRESS = (env_int("LOGIN_ATTEMPTS_PER_ADDRESS", 60, minimum=1), 5.0)
SIGNUPS_PER_ADDRESS = (env_int("SIGNUPS_PER_ADDRESS", 30, minimum=1), 60.0)
# How many proxies in front of the web tier add to X-Forwarded-For; 0 means that header is ignored.
TRUSTED_PROXIES = env_int("TRUSTED_PROXIES", 0)

# --- HTTP --------------------------------------------------------------------------------------
API_BODY_BYTES = env_int("API_BODY_BYTES", 5 * 1024 * 1024, minimum=1024)
IMPORT_BYTES = env_int("IMPORT_BYTES", 256 * 1024 * 1024, minimum=1024)
# Of form fields; files are exempt, and the middleware judges the whole length before a byte is read.
DATA_UPLOAD_MAX_MEMORY_SIZE = API_BODY_BYTES
# An upload goes to a file on disk from the first byte, whatever its size: memory stays flat.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
if env_bool("HTTPS", False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_HSTS_SECONDS = 31_536_000

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["gridlink.accounts.authentication.TokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["gridlink.accounts.permissions.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["gridlink.lib.rest.parsers.StrictJSONParser"],
    "DEFAULT_SCHEMA_CLASS": "gridlink.lib.rest.schema.GridlinkSchema",
    "EXCEPTION_HANDLER": "gridlink.lib.rest.exceptions.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
    "URL_FORMAT_OVERRIDE": None,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Gridlink",
    "DESCRIPTION": "Grids of links, and everything back as exports. Every error has one shape; a method"
    " that a path does not know answers 405 with the methods that it does in `Allow`.",
    "VERSION": "1",
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api/v1/",
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_ADD_EXPLICIT_BLANK_NULL_CHOICE": False,
    "ENUM_NAME_OVERRIDES": {
        "JobStatus": "tasks.states.JobStatus",
        "Visibility": "grids.models.Visibility",
    },
    "SERVERS": [{"url": "/"}],
    "SORT_OPERATIONS": True,
}

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

# --- Redis and Celery: a doorbell, never the truth (docs/adr/0003) -------------------------------
REDIS_URL = env_secret("REDIS_URL") or embedded.redis_url(DATA_DIR)
# The stream of clicks may live on a Redis of its own, with its own durability.
CLICKS_REDIS_URL = env_secret("CLICKS_REDIS_URL") or REDIS_URL
CELERY_BROKER_URL = embedded.celery_redis_url(REDIS_URL)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_CHANNEL_ERROR_RETRY = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": visibility_timeout(),
    "socket_connect_timeout": 3,
    "socket_timeout": 10,
    "socket_keepalive": True,
    "health_check_interval": 25,
    # A publish to a Redis that is away gives up at once: the sweeper rings again.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
}
CELERY_TASK_PUBLISH_RETRY_POLICY = {
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
}
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
CELERY_TASK_DEFAULT_QUEUE = "maintenance"
CELERY_TASK_CREATE_MISSING_QUEUES = False
CELERY_TASK_QUEUES = [Queue(name, Exchange(name), routing_key=name) for name in QUEUES]
CELERY_TASK_ROUTES = {"reports.ingest_clicks": {"queue": "ingest"}}
# Operational tasks keep a result for ops (django-celery-results); user jobs have their own row.
CELERY_RESULT_BACKEND = "django-db"
CELERY_RESULT_EXTENDED = True
CELERY_RESULT_EXPIRES = timedelta(days=2)
CELERY_BEAT_SCHEDULER = "tasks.beat.LockedScheduler"
# Work that runs once per slot is asked for twice per slot: beat's ticks drift, and one per slot would now and
# then put two into the same and none into the next. What `ops` was too long away to hear expires; not
# sooner than the clocks of two hosts may differ, for that moment is named by beat's and judged by theirs.
CELERY_BEAT_SCHEDULE = {
    name: {"task": task, "schedule": seconds, "options": {"expires": max(3 * seconds, 300)}}
    for name, task, seconds in (
        ("sweep-jobs", "tasks.sweep_jobs", float(JOB_SWEEP_SECONDS)),
        ("ring-canaries", "tasks.ring_canaries", 30.0),
        ("sweep-files", "tasks.sweep_files", 1800.0),
        ("sweep-records", "tasks.sweep_records", 1800.0),
        ("ingest-clicks", "reports.ingest_clicks", 2.0),
        ("sweep-clicks", "reports.sweep_clicks", 1800.0),
    )
}
CELERY_TIMEZONE = "UTC"

# --- Logs --------------------------------------------------------------------------------------
LOG_LEVEL = env_choice("LOG_LEVEL", {"DEBUG", "INFO", "WARNING", "ERROR"}, "INFO")
LOGGING = logging_config(
    level=LOG_LEVEL, style=env_choice("LOG_STYLE", {"json", "console"}, "json")
)
DJANGO_STRUCTLOG_CELERY_ENABLED = True

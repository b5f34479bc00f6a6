"""Define Django's own settings: apps, PostgreSQL, accounts, HTTP, the API and logs."""

from __future__ import annotations

import tomllib
from importlib.util import find_spec
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from gridlink import embedded
from gridlink.env import (
    databases,
    env_bool,
    env_choice,
    env_int,
    env_list,
    env_secret,
    env_str,
)
from gridlink.lib.logs import logging_config

BASE_DIR = Path(__file__).resolve().parents[2]
DATA_DIR = embedded.data_dir()
VERSION: str = tomllib.loads((BASE_DIR / "pyproject.toml").read_text())["project"]["version"]
# Without a named database this is a single machine, whose secrets may be generated and kept locally.
DATABASE_URL = env_secret("DATABASE_URL")
IS_LOCAL = not DATABASE_URL

DEBUG = env_bool("DEBUG", False)
SECRET_KEY = env_secret("SECRET_KEY") or (
    embedded.local_secret(DATA_DIR, "SECRET_KEY") if IS_LOCAL else ""
)
if not SECRET_KEY:
    raise ImproperlyConfigured("SECRET_KEY (or SECRET_KEY_FILE) must be set with DATABASE_URL.")
# Earlier values, which still verify what they signed, until it has expired or been replaced.
SECRET_KEY_FALLBACKS = env_secret("SECRET_KEY_FALLBACKS").replace(",", " ").split()
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS", [])

# --- Apps and templates ------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    # A development tool: it makes two branches that add a migration conflict in Git.
    *(["django_linear_migrations"] if find_spec("django_linear_migrations") else []),
    "django_celery_results",
    "django_structlog",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "gridlink.accounts",
    "gridlink.apps.GridlinkConfig",
    "gridlink.web",
    "tasks",
    "grids",
    "reports",
]
MIDDLEWARE = [
    "gridlink.lib.content_policy.ContentPolicyMiddleware",
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
# A redirect would drop the body of a POST: a path without its last slash is a 404 instead.
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
STATIC_ROOT = Path(env_str("STATIC_ROOT") or DATA_DIR / "static")
# `make run`, `make demo` and the image collect the static files under names that hold their hashes. Without
# that step they are served from the packages they ship in.
WHITENOISE_USE_FINDERS = not (STATIC_ROOT / "staticfiles.json").exists()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if WHITENOISE_USE_FINDERS
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

# --- PostgreSQL --------------------------------------------------------------------------------
DATABASES = databases(
    DATABASE_URL or embedded.database_url(DATA_DIR),
    # Exports read from it.
    replica_url=env_secret("DATABASE_REPLICA_URL"),
    seconds=env_int("DATABASE_CONN_SECONDS", 60),
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Accounts ----------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": name}
    for name in (
        "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "django.contrib.auth.password_validation.MinimumLengthValidator",
        "django.contrib.auth.password_validation.CommonPasswordValidator",
        "django.contrib.auth.password_validation.NumericPasswordValidator",
        "gridlink.accounts.passwords.ProductNameValidator",
        "gridlink.accounts.passwords.TokenRevoker",
    )
]
SIGNUP_OPEN = env_bool("SIGNUP_OPEN", True)
TOKEN_DAYS = env_int("TOKEN_DAYS", 90, minimum=1)
# Token buckets: burst, and the seconds until one more is allowed.
LOGIN_ATTEMPTS = (env_int("LOGIN_ATTEMPTS", 10, minimum=1), 60.0)
LOGIN_ATTEMPTS_PER_ADDRESS = (env_int("LOGIN_ATTEMPTS_PER_ADDRESS", 60, minimum=1), 5.0)
SIGNUPS_PER_ADDRESS = (env_int("SIGNUPS_PER_ADDRESS", 30, minimum=1), 60.0)
# How many proxies in front of the web tier add to X-Forwarded-For; 0 ignores that header.
TRUSTED_PROXIES = env_int("TRUSTED_PROXIES", 0)

# --- HTTP --------------------------------------------------------------------------------------
API_BODY_BYTES = env_int("API_BODY_BYTES", 5 * 1024 * 1024, minimum=1024)
IMPORT_BYTES = env_int("IMPORT_BYTES", 256 * 1024 * 1024, minimum=1024)
# For form fields only; BodyLimitMiddleware checks the whole body.
DATA_UPLOAD_MAX_MEMORY_SIZE = API_BODY_BYTES
# Uploads of any size go to disk from the first byte, so that memory stays flat.
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# True behind a proxy that terminates TLS, sets X-Forwarded-Proto itself and is the only way to this server.
# Otherwise that header is ignored, as X-Forwarded-Host and SCRIPT_NAME always are.
HTTPS = env_bool("HTTPS", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_SSL_REDIRECT = HTTPS
# Health checks do not come through the proxy.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
# HSTS for subdomains and for good: other hosts of the domain are not for this one to decide.
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]

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
        "DeliveryStatus": "tasks.models.notification.DeliveryStatus",
        "EventType": "tasks.models.states.EventType",
        "JobStatus": "tasks.models.states.JobStatus",
        "NoticeType": "tasks.models.notification.NotificationType",
        "ReportKind": "reports.reporting.kinds.registry.NAMES",
        "Visibility": "grids.models.grid.Visibility",
    },
    "SERVERS": [{"url": "/"}],
    "SORT_OPERATIONS": True,
}

# --- Logs --------------------------------------------------------------------------------------
LOG_LEVEL = env_choice("LOG_LEVEL", {"DEBUG", "INFO", "WARNING", "ERROR"}, "INFO")
LOGGING = logging_config(
    level=LOG_LEVEL, style=env_choice("LOG_STYLE", {"json", "console"}, "json")
)
DJANGO_STRUCTLOG_CELERY_ENABLED = True
DJANGO_STRUCTLOG_IP_LOGGING_ENABLED = False

"""Read typed environment variables, and refuse invalid ones with ImproperlyConfigured.

An empty variable counts as unset, since container tools pass `NAME=` for values that nobody set. A secret may
also come from a file named by `NAME_FILE`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured
from psycopg2 import ProgrammingError
from psycopg2.extensions import parse_dsn

# Encryption of the connection to a mail server: the options of Django's backend, and the default port.
_MAIL_TLS: dict[str, tuple[dict[str, bool], int]] = {
    "starttls": ({"use_tls": True}, 587),
    "implicit": ({"use_ssl": True}, 465),
    "none": ({}, 25),
}
_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}


def env_str(name: str, default: str = "") -> str:
    """Return the variable, or `default` when it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, default: bool) -> bool:
    """Return True for 1/true/yes/on and False for 0/false/no/off."""
    value = env_str(name).lower()
    if not value:
        return default
    if value in _TRUE | _FALSE:
        return value in _TRUE
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def env_int(name: str, default: int, *, minimum: int = 0) -> int:
    """Return a whole number of at least `minimum`."""
    value = env_str(name)
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or int(value) < minimum:
        raise ImproperlyConfigured(
            f"{name} must be a whole number of at least {minimum}, not {value!r}."
        )
    return int(value)


def env_list(name: str, default: list[str]) -> list[str]:
    """Return the comma-separated items, without empty ones."""
    items = [item.strip() for item in env_str(name).split(",")]
    return [item for item in items if item] or default


def env_choice(name: str, choices: set[str], default: str) -> str:
    """Return one of `choices`."""
    value = env_str(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {sorted(choices)}, not {value!r}.")
    return value


def env_secret(name: str) -> str:
    """Return the secret in NAME or in the file of NAME_FILE, or an empty text."""
    path = env_str(f"{name}_FILE")
    if not path:
        return env_str(name)
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from error


def database_config(url: str) -> dict[str, object]:
    """Return Django's settings for any database URL that `psql` takes."""
    try:
        parts = parse_dsn(url)
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"The database URL cannot be read: {error}") from error
    if not (name := parts.pop("dbname", "")):
        raise ImproperlyConfigured("The database URL has no database name.")
    server = {key.upper(): parts.pop(key, "") for key in ("user", "password", "host", "port")}
    # Django passes all other parameters on.
    return {"ENGINE": "django.db.backends.postgresql", "NAME": name, "OPTIONS": parts, **server}


def mail_config(url: str) -> dict[str, Any]:
    """Return the options of Django's SMTP backend for a URL; none for an empty one.

    It looks like `smtp://user:password@host:port?tls=…`, where `tls` is starttls (default), implicit or none.
    """
    if not url:
        return {}
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
        options = {"tls": "starttls", **query}
        encryption, usual_port = _MAIL_TLS[options.pop("tls")]
        if parts.scheme != "smtp" or not parts.hostname or options or parts.path.strip("/"):
            raise ValueError("it must look like smtp://user:password@host:port?tls=starttls")
        return {
            "host": parts.hostname,
            "port": parts.port or usual_port,
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            **encryption,
        }
    except KeyError as error:
        raise ImproperlyConfigured(f"tls of the mail URL must be one of {[*_MAIL_TLS]}.") from error
    except ValueError as error:
        # The message leaves out the URL, which contains the password.
        raise ImproperlyConfigured(f"The mail URL cannot be read: {error}") from error


def databases(url: str, *, replica_url: str, seconds: int) -> dict[str, dict[str, object]]:
    """Return Django's DATABASES: the primary, whose connections are reused for `seconds`, and any replica."""
    reuse = {"CONN_MAX_AGE": seconds, "CONN_HEALTH_CHECKS": True}
    found = {"default": {**database_config(url), **reuse}}
    if replica_url:
        config = database_config(replica_url)
        # Exports fall back to the primary if the replica does not connect within this time.
        options = {"connect_timeout": 3, **cast(dict[str, object], config["OPTIONS"])}
        found["replica"] = {**config, "OPTIONS": options, "TEST": {"MIRROR": "default"}}
    return found

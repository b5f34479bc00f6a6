"""Typed readers of environment variables that refuse nonsense instead of guessing.

Settings and commands call these. An empty variable counts as unset, as container tools often pass
`NAME=` for a value nobody gave. What holds a secret may also come from a file named by `NAME_FILE`.
"""

from __future__ import annotations

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured
from psycopg2 import ProgrammingError
from psycopg2.extensions import parse_dsn

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off"}
# The parameters of a libpq connection string that Django names itself; the others go to OPTIONS.
_DJANGO_NAMES = {
    "dbname": "NAME",
    "user": "USER",
    "password": "PASSWORD",
    "host": "HOST",
    "port": "PORT",
}


def env_str(name: str, default: str = "") -> str:
    """The variable's text, or `default` when it is unset or empty."""
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, default: bool) -> bool:
    """True for 1/true/yes/on, False for 0/false/no/off; anything else is refused."""
    value = env_str(name).lower()
    if not value:
        return default
    if value in _TRUE | _FALSE:
        return value in _TRUE
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def env_int(name: str, default: int, *, minimum: int = 0) -> int:
    """A whole number of at least `minimum`; anything else is refused."""
    value = env_str(name)
    if not value:
        return default
    if not value.isascii() or not value.isdigit() or int(value) < minimum:
        raise ImproperlyConfigured(
            f"{name} must be a whole number of at least {minimum}, not {value!r}."
        )
    return int(value)


def env_list(name: str, default: list[str]) -> list[str]:
    """Comma-separated items, blanks dropped."""
    items = [item.strip() for item in env_str(name).split(",")]
    return [item for item in items if item] or default


def env_choice(name: str, choices: set[str], default: str) -> str:
    """One of `choices`; anything else is refused."""
    value = env_str(name, default)
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be one of {sorted(choices)}, not {value!r}.")
    return value


def env_secret(name: str) -> str:
    """The secret in `NAME`, or in the file that `NAME_FILE` names; empty when neither is set."""
    path = env_str(f"{name}_FILE")
    if not path:
        return env_str(name)
    try:
        return Path(path).read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{name}_FILE cannot be read: {error}") from error


def database_config(url: str) -> dict[str, object]:
    """Django's settings for a libpq URL; libpq itself parses it, so whatever `psql` takes works.

    Raises ImproperlyConfigured when the URL cannot be parsed or names no database.
    """
    try:
        parts = parse_dsn(url)
    except ProgrammingError as error:
        raise ImproperlyConfigured(f"The database URL cannot be read: {error}") from error
    if not parts.get("dbname"):
        raise ImproperlyConfigured("The database URL names no database.")
    config: dict[str, object] = {name: parts.pop(key, "") for key, name in _DJANGO_NAMES.items()}
    return {"ENGINE": "django.db.backends.postgresql", "OPTIONS": parts, **config}

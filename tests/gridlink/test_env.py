"""Test that environment variables are read by type, and invalid ones refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from gridlink.env import (
    database_config,
    databases,
    env_bool,
    env_choice,
    env_int,
    env_list,
    env_secret,
    env_str,
    mail_config,
)

NAME = "GRIDLINK_TEST_VARIABLE"


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither variable is set to begin with."""
    monkeypatch.delenv(NAME, raising=False)
    monkeypatch.delenv(f"{NAME}_FILE", raising=False)


def put(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    if value is not None:
        monkeypatch.setenv(NAME, value)


@pytest.mark.parametrize(
    ("value", "expected"), [(None, "default"), ("", "default"), ("  ", "default"), (" x ", "x")]
)
def test_text(monkeypatch: pytest.MonkeyPatch, value: str | None, expected: str) -> None:
    put(monkeypatch, value)
    assert env_str(NAME, "default") == expected


@pytest.mark.parametrize("default", [True, False])
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("", None),
        ("1", True),
        ("TRUE", True),
        ("yes", True),
        ("On", True),
        ("0", False),
        ("false", False),
        ("NO", False),
        ("off", False),
    ],
)
def test_flags(
    monkeypatch: pytest.MonkeyPatch, value: str | None, expected: bool | None, default: bool
) -> None:
    put(monkeypatch, value)
    assert env_bool(NAME, default) is (default if expected is None else expected)


@pytest.mark.parametrize("value", ["2", "y", "truee", "-1", "нет"])
def test_invalid_flags_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    put(monkeypatch, value)
    with pytest.raises(ImproperlyConfigured) as refused:
        env_bool(NAME, True)
    assert str(refused.value) == f"{NAME} must be true or false, not {value!r}."


@pytest.mark.parametrize(("value", "expected"), [(None, 7), ("", 7), ("3", 3), (" 0042 ", 42)])
def test_numbers(monkeypatch: pytest.MonkeyPatch, value: str | None, expected: int) -> None:
    put(monkeypatch, value)
    assert env_int(NAME, 7, minimum=3) == expected


@pytest.mark.parametrize("value", ["2", "-3", "3.0", "1e3", "0x10", "three", "٤", "1_000", "+5"])
def test_invalid_numbers_are_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    put(monkeypatch, value)
    with pytest.raises(ImproperlyConfigured) as refused:
        env_int(NAME, 7, minimum=3)
    assert str(refused.value) == f"{NAME} must be a whole number of at least 3, not {value!r}."


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, ["d"]), ("", ["d"]), (" , ", ["d"]), ("a", ["a"]), (" a ,, b,", ["a", "b"])],
)
def test_lists(monkeypatch: pytest.MonkeyPatch, value: str | None, expected: list[str]) -> None:
    put(monkeypatch, value)
    assert env_list(NAME, ["d"]) == expected


def test_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    assert env_choice(NAME, {"a", "b"}, "a") == "a"
    put(monkeypatch, "b")
    assert env_choice(NAME, {"a", "b"}, "a") == "b"
    put(monkeypatch, "B")
    with pytest.raises(ImproperlyConfigured) as refused:
        env_choice(NAME, {"b", "a"}, "a")
    assert str(refused.value) == f"{NAME} must be one of ['a', 'b'], not 'B'."


def test_secrets(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert env_secret(NAME) == ""
    put(monkeypatch, "plain")
    assert env_secret(NAME) == "plain"
    file = tmp_path / "secret"
    file.write_text(" from a file\n")
    monkeypatch.setenv(f"{NAME}_FILE", str(file))
    assert env_secret(NAME) == "from a file"


def test_a_secret_file_that_cannot_be_read_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    put(monkeypatch, "plain")
    binary = tmp_path / "binary"
    binary.write_bytes(b"\xff\xfe\x00")
    monkeypatch.setenv(f"{NAME}_FILE", str(binary))
    with pytest.raises(ImproperlyConfigured, match=rf"^{NAME}_FILE cannot be read: "):
        env_secret(NAME)
    monkeypatch.setenv(f"{NAME}_FILE", str(tmp_path / "missing"))
    with pytest.raises(ImproperlyConfigured, match=rf"^{NAME}_FILE cannot be read: "):
        env_secret(NAME)


ENGINE = "django.db.backends.postgresql"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (
            "postgresql://me:p%40ss@db.example:5433/app?sslmode=require",
            {
                "NAME": "app",
                "USER": "me",
                "PASSWORD": "p@ss",
                "HOST": "db.example",
                "PORT": "5433",
                "OPTIONS": {"sslmode": "require"},
            },
        ),
        (
            "postgresql://me@/app?host=/run/postgres",
            {
                "NAME": "app",
                "USER": "me",
                "PASSWORD": "",
                "HOST": "/run/postgres",
                "PORT": "",
                "OPTIONS": {},
            },
        ),
        (
            "dbname=app host=db",
            {"NAME": "app", "USER": "", "PASSWORD": "", "HOST": "db", "PORT": "", "OPTIONS": {}},
        ),
    ],
)
def test_database_urls(url: str, expected: dict[str, object]) -> None:
    assert database_config(url) == {"ENGINE": ENGINE, **expected}


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("mysql://root@db/app", "The database URL cannot be read: "),
        ("postgresql://[::1/app", "The database URL cannot be read: "),
        ("postgresql://db/app?nonsense=1", "The database URL cannot be read: "),
        ("postgresql://db", "The database URL has no database name."),
        ("host=db", "The database URL has no database name."),
    ],
)
def test_bad_database_urls(url: str, message: str) -> None:
    with pytest.raises(ImproperlyConfigured) as refused:
        database_config(url)
    assert str(refused.value).startswith(message)


def test_databases() -> None:
    found = databases("postgresql://a/one", replica_url="", seconds=7)
    assert list(found) == ["default"]
    assert (found["default"]["NAME"], found["default"]["CONN_MAX_AGE"]) == ("one", 7)
    found = databases("postgresql://a/one", replica_url="postgresql://b/one", seconds=7)
    assert [(name, config["HOST"]) for name, config in found.items()] == [
        ("default", "a"),
        ("replica", "b"),
    ]
    assert found["replica"]["OPTIONS"] == {"connect_timeout": 3}
    url = "postgresql://b/one?connect_timeout=9"
    found = databases("postgresql://a/one", replica_url=url, seconds=7)
    assert found["replica"]["OPTIONS"] == {"connect_timeout": "9"}
    with pytest.raises(ImproperlyConfigured, match="has no database name"):
        databases("postgresql://a/one", replica_url="postgresql://b", seconds=7)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("", {}),
        (
            "smtp://mail.example.org",
            {
                "host": "mail.example.org",
                "port": 587,
                "username": "",
                "password": "",
                "use_tls": True,
            },
        ),
        (
            "smtp://a%40b:p%2Fw%3F@mail.example.org:2525?tls=none",
            {"host": "mail.example.org", "port": 2525, "username": "a@b", "password": "p/w?"},
        ),
        (
            "smtp://u:p@[::1]/?tls=implicit",
            {"host": "::1", "port": 465, "username": "u", "password": "p", "use_ssl": True},
        ),
    ],
)
def test_mail_servers(url: str, expected: dict[str, object]) -> None:
    assert mail_config(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "mail.example.org",
        "http://mail.example.org",
        "smtp://",
        "smtp://u:hush@mail.example.org:many",
        "smtp://u:hush@mail.example.org:99999",
        "smtp://u:hush@mail.example.org/path",
        "smtp://u:hush@mail.example.org?tls=maybe",
        "smtp://u:hush@mail.example.org?tls",
        "smtp://u:hush@mail.example.org?timeout=3",
    ],
)
def test_invalid_mail_urls_are_refused(url: str) -> None:
    with pytest.raises(ImproperlyConfigured) as error:
        mail_config(url)
    assert "mail URL" in str(error.value)
    assert "hush" not in str(error.value)

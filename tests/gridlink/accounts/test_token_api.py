"""Test `auth/token/`: issuing tokens and authenticating with them."""

from __future__ import annotations

import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from gridlink.accounts.models import Token, User
from tests.support.client import PASSWORD, Client
from tests.support.grids.checks import assert_error, nothing_changes

ADA = {"username": "ada", "password": PASSWORD}


@pytest.fixture
def ada(db: None) -> User:
    """Somebody with a password."""
    return User.objects.create_user("ada", password=PASSWORD)


def issued(**fields: Any) -> dict[str, Any]:
    """The answer to a log-in of Ada's."""
    response = Client().post("auth/token/", {**ADA, **fields})
    assert response.status_code == 200, response.content
    answer: dict[str, Any] = response.json()
    return answer


def bearer(secret: str) -> Client:
    """A client that sends this token."""
    client = Client()
    client.http.credentials(HTTP_AUTHORIZATION=f"Token {secret}")
    return client


@pytest.mark.usefixtures("ada")
def test_logging_in_issues_a_token_with_the_defaults(settings: Any) -> None:
    settings.TOKEN_DAYS = 7
    begin = timezone.now()
    response = Client().post("auth/token/", ADA)
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    answer = dict(response.json())
    secret, slug = answer.pop("token"), answer.pop("slug")
    expiry = parse_datetime(answer.pop("expiry"))
    assert expiry is not None
    assert begin + timedelta(days=7) <= expiry <= timezone.now() + timedelta(days=7)
    assert parse_datetime(answer.pop("created_on")) is not None
    assert answer == {"name": "api", "scopes": ["read", "write"], "last_used_on": None}
    assert re.fullmatch("glt_[A-Za-z0-9_-]{43}", secret)
    assert re.fullmatch("tk_[0-9a-f]{32}", slug)
    assert bearer(secret).get("grids/").status_code == 200


@pytest.mark.usefixtures("ada")
def test_only_the_digest_is_stored() -> None:
    secret = issued()["token"]
    token = Token.objects.get()
    assert token.digest == hashlib.sha256(secret.encode()).hexdigest()
    kept = [str(value) for value in Token.objects.values_list().get()]
    assert not [value for value in kept if secret in value or secret.removeprefix("glt_") in value]


@pytest.mark.usefixtures("ada")
def test_names_are_found_in_any_case() -> None:
    assert issued(username="ADA")["name"] == "api"


def test_a_wrong_password_an_unknown_name_and_an_inactive_account_get_the_same_answer(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Byte for byte, and with the same hashing done, so that the time tells nothing, either."""
    User.objects.create_user("closed", password=PASSWORD, is_active=False)
    hashed: list[str] = []
    encode = MD5PasswordHasher.encode

    def counted(self: MD5PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return str(encode(self, password, salt))

    monkeypatch.setattr(MD5PasswordHasher, "encode", counted)
    tries = [
        {"username": "ada", "password": "wrong"},
        {"username": "nobody", "password": "wrong"},
        {"username": "nobody", "password": PASSWORD},
        {"username": "closed", "password": PASSWORD},
        {"username": "‮🦊", "password": "wrong"},
    ]
    answers, hashings = set(), []
    with nothing_changes():
        for body in tries:
            hashed.clear()
            response = Client().post("auth/token/", body)
            assert_error(response, 401, "bad_credentials")
            answers.add((response.status_code, response.content, str(sorted(response.items()))))
            hashings.append(len(hashed))
    assert len(answers) == 1
    assert hashings == [1] * len(tries)
    assert ada.tokens.count() == 0


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("username", ""),
        ("username", "nul\x00"),
        ("username", 5),
        ("username", "x" * 151),
        ("password", ""),
        ("password", ["x"]),
        ("password", "x" * 257),
        ("name", ""),
        ("name", "x" * 101),
        ("scopes", []),
        ("scopes", "read"),
        ("scopes", ["root"]),
        ("scopes", [["read"]]),
        ("scopes", ["read"] * 4),
        ("scopes", None),
        ("expiry", "tomorrow"),
        ("expiry", "2020-01-01T00:00:00Z"),
        ("expiry", "9999-12-31T23:59:59-23:59"),
        ("nope", 1),
    ],
)
def test_a_bad_or_unknown_field_is_named(field: str, value: Any) -> None:
    with nothing_changes():
        answer = Client().post("auth/token/", {**ADA, field: value})
        assert_error(answer, 400, "invalid", field)


@pytest.mark.usefixtures("ada")
def test_name_and_distinct_scopes_are_stored() -> None:
    answer = issued(name="laptop 🦊", scopes=["write", "read", "write"])
    assert (answer["name"], answer["scopes"]) == ("laptop 🦊", ["read", "write"])


@pytest.mark.usefixtures("ada")
def test_an_expiry_can_be_chosen() -> None:
    assert issued(expiry="2999-01-01T01:00:00+01:00")["expiry"] == "2999-01-01T00:00:00Z"


@pytest.mark.usefixtures("ada")
def test_a_token_is_refused_after_its_expiry() -> None:
    secret = issued(expiry="2999-01-01T00:00:00Z")["token"]
    Token.objects.update(expires_on=timezone.now())
    response = bearer(secret).get("grids/")
    error = assert_error(response, 401, "unauthenticated")
    assert error["message"] == "The token has expired."
    assert response["WWW-Authenticate"] == "Token"


def test_tokens_of_an_inactive_account_are_refused(ada: User) -> None:
    client = bearer(issued()["token"])
    assert client.get("grids/").status_code == 200
    ada.is_active = False
    ada.save()
    assert_error(client.get("grids/"), 401, "unauthenticated")


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    "header",
    [
        "Token",
        "Token ",
        "Token nonsense",
        "Token glt_" + "x" * 43,
        "Token a b",
        "Token \u00e4",
        "Token " + "x" * 100_000,
        "Bearer {secret}",
        "Basic YWRhOnB3",
        "{secret}",
        "Token {digest}",
        "Token {secret}x",
        "Token {slug}",
    ],
)
def test_any_other_header_is_refused(header: str) -> None:
    answer = issued()
    digest = Token.objects.get().digest
    client = Client()
    client.http.credentials(
        HTTP_AUTHORIZATION=header.format(secret=answer["token"], digest=digest, slug=answer["slug"])
    )
    for path in ("grids/", "auth/tokens/"):
        response = client.get(path)
        assert_error(response, 401, "unauthenticated")
        assert response["WWW-Authenticate"] == "Token"


@pytest.mark.usefixtures("ada")
def test_the_keyword_may_be_typed_in_any_case() -> None:
    secret = issued()["token"]
    for header in (f"token {secret}", f"TOKEN  {secret} "):
        assert Client().get("grids/", authorization=header).status_code == 200


@pytest.mark.usefixtures("ada")
def test_no_header_is_refused() -> None:
    response = Client().get("grids/")
    assert_error(response, 401, "unauthenticated")
    assert response["WWW-Authenticate"] == "Token"


@pytest.mark.usefixtures("ada")
def test_the_last_use_is_stored_once_a_minute() -> None:
    client = bearer(issued()["token"])
    client.get("grids/")
    first = Token.objects.get().last_used_on
    assert first is not None
    client.get("grids/")
    assert Token.objects.get().last_used_on == first
    long_ago = datetime(2026, 1, 1, tzinfo=UTC)
    Token.objects.update(last_used_on=long_ago)
    client.get("grids/")
    again = Token.objects.get().last_used_on
    assert again is not None
    assert again > first

"""Test the limits on attempts to log in and sign up."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import RequestFactory

from gridlink.accounts import throttle
from gridlink.accounts.models import ThrottleBucket, User
from gridlink.lib.errors import Throttled
from tests.support.client import PASSWORD, Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.race import race

pytestmark = [pytest.mark.throttled, pytest.mark.django_db]
WRONG = {"username": "ada", "password": "wrong"}
RIGHT = {"username": "ada", "password": PASSWORD}


@pytest.fixture
def ada(db: None) -> User:
    """Somebody with a password."""
    return User.objects.create_user("ada", password=PASSWORD)


def log_in(body: dict[str, str], address: str = "192.0.2.1") -> Any:
    return Client().http.post("/api/v1/auth/token/", body, format="json", REMOTE_ADDR=address)


def register(name: str, address: str = "192.0.2.1") -> Any:
    body = {"username": name, "password": PASSWORD}
    return Client().http.post("/api/v1/auth/register/", body, format="json", REMOTE_ADDR=address)


def age(seconds: float) -> None:
    """As if every bucket had been looked at so long ago, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE accounts_throttle_bucket SET filled_on = filled_on - %s * interval '1 second'",
            [seconds],
        )


@pytest.mark.usefixtures("ada")
def test_after_too_many_attempts_even_the_right_password_is_refused(settings: Any) -> None:
    settings.LOGIN_ATTEMPTS = (3, 60.0)
    for _ in range(3):
        assert_error(log_in(WRONG), 401, "bad_credentials")
    with nothing_changes():
        response = log_in(RIGHT)
        error = assert_error(response, 429, "throttled")
    assert error["message"] == "Too many attempts; try again in 60 seconds."
    assert response["Retry-After"] == "60"


@pytest.mark.usefixtures("ada")
def test_the_bucket_refills_one_attempt_at_a_time(settings: Any) -> None:
    settings.LOGIN_ATTEMPTS = (2, 60.0)
    for expected in (401, 401, 429):
        assert log_in(WRONG).status_code == expected
    age(30)
    assert log_in(WRONG).status_code == 429
    age(31)
    assert log_in(RIGHT).status_code == 200
    assert log_in(RIGHT).status_code == 429
    # However long it waits, the bucket holds no more than its burst.
    age(100_000)
    assert [log_in(WRONG).status_code for _ in range(3)] == [401, 401, 429]


@pytest.mark.usefixtures("ada")
def test_a_refused_attempt_takes_no_token(settings: Any) -> None:
    settings.LOGIN_ATTEMPTS = (1, 60.0)
    assert log_in(WRONG).status_code == 401
    for _ in range(5):
        assert log_in(WRONG).status_code == 429
    age(60)
    assert log_in(RIGHT).status_code == 200


@pytest.mark.usefixtures("ada")
def test_one_name_does_not_throttle_another_name_or_address(
    settings: Any,
) -> None:
    settings.LOGIN_ATTEMPTS = (1, 60.0)
    assert log_in(WRONG).status_code == 401
    assert log_in({**WRONG, "username": "ADA"}).status_code == 429
    assert log_in({**WRONG, "username": "other"}).status_code == 401
    assert log_in(RIGHT, "192.0.2.2").status_code == 200


@pytest.mark.usefixtures("ada")
def test_attempts_with_unknown_names_are_counted_too(settings: Any) -> None:
    settings.LOGIN_ATTEMPTS = (1, 60.0)
    for body in (WRONG, {**WRONG, "username": "nobody"}):
        assert [log_in(body).status_code for _ in range(2)] == [401, 429]


def test_an_address_that_tries_many_names_is_throttled(settings: Any) -> None:
    settings.LOGIN_ATTEMPTS_PER_ADDRESS = (3, 5.0)
    answers = [log_in({**WRONG, "username": f"name{n}"}) for n in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert answers[-1]["Retry-After"] == "5"
    assert log_in(WRONG, "192.0.2.2").status_code == 401


def test_sign_up_is_throttled_per_address(settings: Any) -> None:
    settings.SIGNUPS_PER_ADDRESS = (2, 90.0)
    assert [register(f"name{n}").status_code for n in range(2)] == [201, 201]
    with nothing_changes():
        response = register("name2")
        assert_error(response, 429, "throttled")
        assert response["Retry-After"] == "90"
    assert register("name2", "192.0.2.2").status_code == 201


def test_the_table_holds_no_names_or_addresses(settings: Any) -> None:
    settings.LOGIN_ATTEMPTS = (5, 60.0)
    log_in(WRONG)
    keys = list(ThrottleBucket.objects.values_list("key", flat=True))
    assert len(keys) == 2
    assert not [key for key in keys if "ada" in key or "192" in key or len(key) != 64]


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_never_share_the_last_token() -> None:
    limit = (2, 3600.0)
    throttle.take("scope", "who", limit)

    def attempt() -> str:
        try:
            throttle.take("scope", "who", limit)
        except Throttled:
            return "refused"
        return "taken"

    outcomes = race(ThrottleBucket.objects.all(), attempt, attempt, attempt)
    assert sorted(outcomes) == ["refused", "refused", "taken"]
    assert 0 <= ThrottleBucket.objects.get().tokens < 0.1


@pytest.mark.parametrize(
    ("proxies", "forwarded", "expected"),
    [
        (0, "203.0.113.9", "10.0.0.1"),
        (1, None, "10.0.0.1"),
        (1, "", "10.0.0.1"),
        (1, "203.0.113.9", "203.0.113.9"),
        (1, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (2, "198.51.100.1, 203.0.113.9", "198.51.100.1"),
        (2, "203.0.113.9", "10.0.0.1"),
        # What a visitor puts in front of the list changes nothing.
        (1, ", 203.0.113.9", "203.0.113.9"),
        (1, "spoofed,203.0.113.9", "203.0.113.9"),
        (1, "203.0.113.9, ", "10.0.0.1"),
        (1, "203.0.113.9:50000", "203.0.113.9"),
        (1, "::ffff:203.0.113.9", "203.0.113.9"),
        (1, "[2001:DB8:1:2::7]:50000", "2001:db8:1:2::/64"),
    ],
)
def test_whose_attempts_count_together(
    proxies: int, forwarded: str | None, expected: str, settings: Any
) -> None:
    headers = {} if forwarded is None else {"X-Forwarded-For": forwarded}
    request = RequestFactory().get("/", headers=headers, REMOTE_ADDR="10.0.0.1")
    settings.TRUSTED_PROXIES = proxies
    assert throttle.client_of(request) == expected


@pytest.mark.usefixtures("ada")
def test_behind_a_proxy_each_client_has_a_bucket(settings: Any) -> None:
    settings.TRUSTED_PROXIES = 1
    settings.LOGIN_ATTEMPTS = (1, 60.0)

    def status(forwarded: str) -> int:
        return int(Client().post("auth/token/", WRONG, x_forwarded_for=forwarded).status_code)

    assert [status("203.0.113.9"), status("forged, 203.0.113.9"), status("203.0.113.8")] == [
        401,
        429,
        401,
    ]


@pytest.mark.usefixtures("ada")
@pytest.mark.parametrize(
    "forwarded",
    [
        [f"203.0.113.9:{50_000 + n}" for n in range(12)],
        [f"[2001:db8:1:2::9]:{50_000 + n}" for n in range(12)],
        [f"2001:db8:1:2::{n:x}" for n in range(1, 13)],
        ["203.0.113.9", "::ffff:203.0.113.9", "::FFFF:CB00:7109", "[::ffff:cb00:7109]:1"] * 3,
    ],
    ids=["ports", "ports of IPv6", "a network", "spellings"],
)
def test_one_client_is_throttled_however_its_address_is_written(
    forwarded: list[str], settings: Any
) -> None:
    settings.TRUSTED_PROXIES = 1
    settings.LOGIN_ATTEMPTS = (10, 3600.0)
    statuses = [
        Client().post("auth/token/", WRONG, x_forwarded_for=each).status_code for each in forwarded
    ]
    assert statuses == [401] * 10 + [429] * 2
    admin = Client().http.post(
        "/admin/login/", RIGHT, HTTP_X_FORWARDED_FOR=forwarded[0], REMOTE_ADDR="10.0.0.1"
    )
    assert b"Too many attempts" in admin.content
    # Neighbours are others.
    for other in ("203.0.113.10:50000", "2001:db8:1:3::1"):
        response = Client().post("auth/token/", WRONG, x_forwarded_for=other)
        assert response.status_code == 401

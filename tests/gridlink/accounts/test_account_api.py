"""Test `account/`: profile and preferences."""

from __future__ import annotations

from typing import Any

import pytest
from babel import Locale

from gridlink.accounts.models import User
from gridlink.lib.zones import zone_names
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes


def test_a_new_account_has_default_preferences(alice: Client) -> None:
    user = User.objects.get()
    assert alice.get("account/").json() == {
        "slug": user.slug,
        "username": "alice",
        "display_name": "",
        "email": "",
        "time_zone": "UTC",
        "week_start": "monday",
        "locale": "en",
        "email_jobs": "none",
        "created_on": user.created_on.isoformat().replace("+00:00", "Z"),
    }


CHANGES = {
    "display_name": "Alice & Söhne",
    "email": "alice@example.org",
    "time_zone": "Europe/Athens",
    "week_start": "sunday",
    "locale": "el_GR",
    "email_jobs": "all",
}


@pytest.mark.parametrize("names", [[], *[[name] for name in CHANGES], list(CHANGES)])
def test_only_the_given_fields_change(alice: Client, names: list[str]) -> None:
    before = alice.get("account/").json()
    changes = {name: CHANGES[name] for name in names}
    answer = alice.patch("account/", changes)
    assert answer.status_code == 200
    assert answer.json() == alice.get("account/").json() == {**before, **changes}


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("de-AT", "de_AT"), ("EN_gb", "en_GB"), ("zh_CN", "zh_Hans_CN"), ("sr_Latn_RS", "sr_Latn_RS")],
)
def test_a_locale_is_kept_as_babel_writes_it(alice: Client, typed: str, kept: str) -> None:
    assert alice.patch("account/", {"locale": typed}).json()["locale"] == kept
    Locale.parse(kept)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "Middle/Earth"),
        ("time_zone", "../etc/passwd"),
        ("time_zone", "localtime"),
        ("time_zone", ""),
        ("time_zone", 3),
        ("time_zone", None),
        ("week_start", "friday"),
        ("locale", "xx"),
        ("locale", "en_XX"),
        ("locale", ""),
        ("locale", "../en"),
        ("locale", "e\0n"),
        ("locale", "e" * 33),
        ("locale", ["en"]),
        ("email_jobs", "some"),
        ("email", "nobody"),
        ("email", "a@example.org\nBcc: b@example.org"),
        ("email", "a@example.org, b@example.org"),
        ("display_name", "x" * 101),
        ("username", "eve"),
        ("slug", "us_1"),
        ("is_staff", True),
    ],
)
def test_invalid_values_are_refused(alice: Client, field: str, value: Any) -> None:
    with nothing_changes():
        body = {"display_name": "New", field: value}
        assert_error(alice.patch("account/", body), 400, "invalid", field)


def test_every_zone_is_accepted(alice: Client) -> None:
    for zone in sorted(zone_names())[::25]:
        assert alice.patch("account/", {"time_zone": zone}).status_code == 200


def test_the_account_needs_a_token_with_the_right_scope(
    alice: Client, carol: Client, anonymous: Client
) -> None:
    with nothing_changes():
        assert_error(carol.patch("account/", {"locale": "de"}), 403, "forbidden")
        assert_error(anonymous.patch("account/", {"locale": "de"}), 401, "unauthenticated")
        assert_error(anonymous.get("account/"), 401, "unauthenticated")
    assert carol.get("account/").json()["username"] == "alice"

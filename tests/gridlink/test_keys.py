"""Test that SECRET_KEY can be changed at any time, while the one before still verifies."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from gridlink.accounts.models import User
from tasks.models import WebhookEndpoint
from tasks.notifications.channels.webhook import signed
from tasks.notifications.channels.webhook_secret import DecryptionFailed, decrypt
from tests.support.client import PASSWORD, Client
from tests.support.files import job_with_file
from tests.support.grids.checks import assert_error
from tests.support.grids.grids import make_grid
from tests.support.processes import ROOT

SHOW = "from gridlink import settings as s; print(s.SECRET_KEY, s.SECRET_KEY_FALLBACKS)"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("", []),
        ("b", ["b"]),
        ("b,c", ["b", "c"]),
        (" b , c,, ", ["b", "c"]),
        ("b\nc\n", ["b", "c"]),
    ],
)
def test_earlier_keys_come_from_the_environment_or_a_file(
    given: str, expected: list[str], tmp_path: Any
) -> None:
    (tmp_path / "keys").write_text(given)
    for variables in (
        {"SECRET_KEY_FALLBACKS": given},
        {"SECRET_KEY_FALLBACKS_FILE": str(tmp_path / "keys")},
    ):
        around = os.environ | {"SECRET_KEY": "a"} | variables
        shown = subprocess.check_output(
            [sys.executable, "-c", SHOW], cwd=ROOT, env=around, text=True
        )
        assert shown == f"a {expected}\n"


@pytest.mark.django_db
def test_all_that_was_signed_outlives_a_change_of_the_key_until_the_old_one_goes(
    alice: Client, settings: Any
) -> None:
    for _ in range(2):
        make_grid(alice)
    User.objects.create_superuser("chief", password=PASSWORD)
    browser = Browser()
    browser.post("/admin/login/", {"username": "chief", "password": PASSWORD})
    page = alice.get("grids/?limit=1").json()["next"]
    job = job_with_file(alice)
    file = alice.get(f"jobs/{job.slug}/").json()["files"][0]["url"]
    made = alice.post("webhooks/", {"url": "https://hooks.example.org/"})
    assert made.status_code == 201
    endpoint = WebhookEndpoint.objects.get()

    def statuses() -> list[int]:
        found = (alice.get(page), Client().get(file), browser.get("/admin/"))
        return [answer.status_code for answer in found]

    settings.SECRET_KEY, old = "a new key", settings.SECRET_KEY
    settings.SECRET_KEY_FALLBACKS = [old]
    assert statuses() == [200, 200, 200]
    assert decrypt(endpoint.secret) == made.json()["secret"]
    assert "webhook-signature" in signed(endpoint, "ev_1", "{}", timezone.now())
    # What is signed now is signed with the new key.
    fresh = alice.get("grids/?limit=1").json()["next"]
    settings.SECRET_KEY_FALLBACKS = []
    browser.get("/admin/")
    assert alice.get(fresh).status_code == 200
    assert_error(alice.get(page), 400, "invalid")
    assert_error(Client().get(file), 403, "forbidden")
    with pytest.raises(DecryptionFailed):
        decrypt(endpoint.secret)
    # Tokens are hashed and not signed.
    assert alice.get("account/").status_code == 200


@pytest.mark.django_db
def test_a_session_ends_with_the_key_that_it_began_with(settings: Any) -> None:
    User.objects.create_superuser("chief", password=PASSWORD)
    browser = Browser()
    browser.post("/admin/login/", {"username": "chief", "password": PASSWORD})
    settings.SECRET_KEY = "a new key"
    assert browser.get("/admin/").status_code == 302

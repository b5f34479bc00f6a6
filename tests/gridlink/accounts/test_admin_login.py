"""Test the admin: its throttled log-in, its pages, and deleting a user."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client as Browser

from gridlink.accounts.models import Token, User
from gridlink.accounts.services import admin_ensure
from grids.models import Grid, Link
from tasks.models import Job
from tests.support.client import PASSWORD


@pytest.mark.throttled
@pytest.mark.django_db
def test_after_too_many_attempts_even_the_right_password_is_refused(settings: Any) -> None:
    settings.LOGIN_ATTEMPTS = (2, 60.0)
    admin_ensure(username="root", password=PASSWORD)
    browser = Browser()
    for _ in range(2):
        page = browser.post("/admin/login/", {"username": "root", "password": "wrong"})
        assert b"Too many attempts" not in page.content
    page = browser.post("/admin/login/", {"username": "root", "password": PASSWORD})
    assert b"Too many attempts" in page.content
    assert "_auth_user_id" not in browser.session


@pytest.mark.django_db
def test_deleting_a_user_deletes_all_their_data(alice: Any) -> None:
    admin_ensure(username="root", password=PASSWORD)
    browser = Browser()
    browser.post("/admin/login/", {"username": "root", "password": PASSWORD})
    grid = alice.post("grids/", {"title": "One"}).json()["slug"]
    alice.post(f"grids/{grid}/links/", {"url": "https://example.org/", "title": "Two"})
    alice.post("exports/", {"kind": "links", "format": "csv"})
    page = browser.post(f"/admin/accounts/user/{alice.user.pk}/delete/", {"post": "yes"})
    assert page.status_code == 302
    assert [model.objects.count() for model in (Grid, Link, Job, Token)] == [0, 0, 0, 0]
    assert list(User.objects.values_list("username", flat=True)) == ["root"]


@pytest.mark.django_db
def test_every_admin_page_can_be_opened(alice: Any) -> None:
    admin_ensure(username="root", password=PASSWORD)
    browser = Browser()
    assert (
        browser.post("/admin/login/", {"username": "root", "password": PASSWORD}).status_code == 302
    )
    grid = alice.post("grids/", {"title": "One"}).json()["slug"]
    alice.post(f"grids/{grid}/links/", {"url": "https://example.org/", "title": "Two"})
    alice.post("exports/", {"kind": "links", "format": "csv"})
    for model in ("accounts/user", "accounts/token", "grids/grid", "grids/link", "tasks/job"):
        listed = browser.get(f"/admin/{model}/?q=alice")
        assert listed.status_code == 200
        first = listed.context["cl"].result_list[0]
        assert browser.get(f"/admin/{model}/{first.pk}/change/").status_code == 200

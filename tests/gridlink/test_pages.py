"""Test the HTML pages, and that logs hold no signatures."""

from __future__ import annotations

import re

import pytest
from django.test import Client as Browser

from gridlink.accounts.models import User
from gridlink.lib.logs import logging_config
from tests.support.client import PASSWORD, Client
from tests.support.tasks.jobs import start_export


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/docs/", "/admin/login/"])
def test_pages_load_nothing_from_other_hosts(path: str) -> None:
    page = Browser().get(path).content.decode()
    assert re.findall(r"""(?:src|href)=["'](?:https?:)?//[^"']*""", page) == []
    assert "cdn" not in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/docs/", 200),
        ("/api/docs/?script=", 200),
        ("/api/schema/", 200),
        ("/admin/login/", 200),
        ("/admin/", 302),
        ("/static/drf_spectacular_sidecar/swagger-ui-dist/swagger-ui.css", 200),
        ("/api/v1/grids/", 401),
        ("/nothing", 404),
    ],
)
def test_every_answer_forbids_what_is_not_from_here(path: str, status: int) -> None:
    answer = Browser().get(path)
    assert answer.status_code == status
    policy = dict(
        rule.strip().split(" ", 1) for rule in answer["Content-Security-Policy"].split(";")
    )
    assert policy == {
        "default-src": "'none'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self'",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'none'",
        "frame-ancestors": "'none'",
    }


@pytest.mark.django_db
def test_pages_need_nothing_inline() -> None:
    """The policy forbids it, so a page with it would not work."""
    User.objects.create_superuser("chief", password=PASSWORD)
    browser = Browser()
    browser.force_login(User.objects.get())
    user = f"/admin/accounts/user/{User.objects.get().pk}"
    for path in (
        "/api/docs/",
        "/admin/",
        "/admin/tasks/job/",
        f"{user}/change/",
        f"{user}/password/",
    ):
        page = browser.get(path).content.decode()
        assert re.findall(r"<style|<script(?![^>]*\ssrc=)(?![^>]*application/json)", page) == [], (
            path
        )
        assert re.findall(r"\s(?:style|on[a-z]+)=[\"']", page) == [], path
    script = browser.get("/api/docs/?script=")
    assert script["Content-Type"] == "application/javascript"
    assert b"SwaggerUIBundle(" in script.content


def test_download_signatures_stay_out_of_the_log(
    alice: Client, published: list[tuple[str, str]], caplog: pytest.LogCaptureFixture
) -> None:
    job = start_export(alice)
    caplog.clear()
    Client().get(f"jobs/{job}/files/links.csv/?expires=1&signature=precious")
    events = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert {event["request"] for event in events} == {f"GET /api/v1/jobs/{job}/files/links.csv/"}
    assert "precious" not in caplog.text


def test_both_log_styles_can_be_configured() -> None:
    for style in ("json", "console"):
        assert logging_config(level="INFO", style=style)["root"]["level"] == "INFO"

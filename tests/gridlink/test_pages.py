"""Test the HTML pages, and that logs hold no signatures."""

from __future__ import annotations

import re

import pytest
from django.test import Client as Browser

from gridlink.lib.logs import logging_config
from tests.support.client import Client
from tests.support.tasks.jobs import start_export


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/api/docs/", "/admin/login/"])
def test_pages_load_nothing_from_other_hosts(path: str) -> None:
    page = Browser().get(path).content.decode()
    assert re.findall(r"""(?:src|href)=["'](?:https?:)?//[^"']*""", page) == []
    assert "cdn" not in page


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

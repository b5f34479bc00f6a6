"""Test the page of all components, which only developers see."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from django.test import RequestFactory

from gridlink.lib.content_policy import style_source
from gridlink.web.styleguide import styleguide
from gridlink.web.themes import SCHEMES, THEMES
from tests.support.processes import ROOT

ASK = """
import django
django.setup()
from django.test import Client
print(Client().get("/styleguide/", headers={"host": "localhost"}).status_code)
"""


@pytest.mark.parametrize(("debug", "status"), [("", 404), ("false", 404), ("true", 200)])
def test_it_is_there_with_debug_only(debug: str, status: int) -> None:
    given = {"DJANGO_SETTINGS_MODULE": "gridlink.settings", "DEBUG": debug}
    printed = subprocess.check_output(
        [sys.executable, "-c", ASK], cwd=ROOT, env={**os.environ, **given}, text=True
    )
    assert printed.splitlines()[-1] == str(status)


def test_it_shows_every_theme_in_both_schemes() -> None:
    html = styleguide(RequestFactory().get("/styleguide/")).content.decode()
    looks = [f"{name}-{scheme}" for name in THEMES for scheme in SCHEMES]
    assert re.findall(r'<div class="look" id="([^"]+)">', html) == looks
    for name, theme in THEMES.items():
        for scheme in SCHEMES:
            assert f"<h1>{theme.label}, {scheme}</h1>" in html
            assert f"#{name}-{scheme}" in html
            assert getattr(theme, scheme).css() in html
    assert html.count('<ul class="tiles"') == html.count('<div class="empty"') == len(looks)


def test_its_policy_allows_its_own_style_and_nothing_else() -> None:
    response = styleguide(RequestFactory().get("/styleguide/"))
    html = response.content.decode()
    (css,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    policy = response["Content-Security-Policy"]
    assert policy == f"default-src 'none'; style-src 'self' {style_source(css)}"
    assert "<script" not in html
    assert "style=" not in html

"""Test the web process of the Procfile: what it believes of a request."""

from __future__ import annotations

from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.support.client import Client, make_user
from tests.support.grids.grids import make_grid
from tests.support.processes import Site, public_site, web_site

pytestmark = pytest.mark.django_db(transaction=True)

FORGED = {
    "SCRIPT_NAME": "/evil",
    "Script-Name": "/evil",
    "PATH_INFO": "/evil",
    "X-Forwarded-Proto": "https",
    "X_Forwarded_Proto": "https",
    "X-Forwarded-Protocol": "ssl",
    "X-Forwarded-Ssl": "on",
    "X-Forwarded-Scheme": "https",
    "X-Url-Scheme": "https",
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Server": "evil.example",
    "X-Forwarded-Port": "444",
    "X-Forwarded-Prefix": "/evil",
    "X-Original-Url": "/evil",
    "X-Rewrite-Url": "/evil",
    "Forwarded": "for=203.0.113.7;proto=https;host=evil.example",
}


def ask(site: Site, path: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
    """The status, the Location and the body of an answer."""
    connection = HTTPConnection("127.0.0.1", site.port, timeout=30)
    connection.request("GET", path, headers=headers)
    response = connection.getresponse()
    return response.status, response.headers.get("Location", ""), response.read()


@pytest.fixture
def profile() -> str:
    """The path of a page that holds absolute addresses of this site."""
    make_grid(Client(make_user("alice")), visibility="public")
    return "/api/v1/users/alice/"


def test_no_header_changes_scheme_host_or_path(profile: str, tmp_path: Path) -> None:
    with web_site(tmp_path) as site:
        plain = ask(site, profile, {})
        assert f"http://127.0.0.1:{site.port}/api/v1/grids/".encode() in plain[2]
        assert ask(site, "/", {})[:2] == (302, "/api/docs/")
        for name, value in FORGED.items():
            assert ask(site, profile, {name: value}) == plain, name
            assert ask(site, "/", {name: value})[:2] == (302, "/api/docs/"), name
        assert ask(site, profile, FORGED) == plain


def test_behind_a_proxy_for_https_only_its_one_header_counts(profile: str, tmp_path: Path) -> None:
    with web_site(tmp_path, environment={"HTTPS": "true"}) as site:
        secure = f"https://127.0.0.1:{site.port}"
        others = {name: value for name, value in FORGED.items() if name != "X-Forwarded-Proto"}
        for name, value in others.items():
            assert ask(site, profile, {name: value})[:2] == (301, secure + profile), name
        assert ask(site, profile, others)[:2] == (301, secure + profile)
        status, _, body = ask(site, profile, FORGED)
        assert status == 200
        assert f"{secure}/api/v1/grids/".encode() in body
        assert b"evil" not in body
        # Health checks come from this side of the proxy.
        assert [ask(site, path, {})[0] for path in ("/healthz", "/readyz")] == [200, 200]


def test_the_redirect_process_believes_none_either(profile: str, tmp_path: Path) -> None:
    with public_site(tmp_path) as site:
        for path in ("/healthz", "/l/nothing", "/robots.txt"):
            assert ask(site, path, FORGED) == ask(site, path, {})

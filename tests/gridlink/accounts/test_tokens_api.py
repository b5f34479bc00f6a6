"""Test `auth/tokens/`: listing and revoking tokens, and their scopes."""

from __future__ import annotations

import io
import uuid

import pytest

from gridlink.accounts.models import Token
from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.grids.grids import URL, make_grid, make_link


def scoped(owner: Client, *scopes: str) -> Client:
    """The owner's account through another token."""
    assert owner.user
    return Client(owner.user, scopes=scopes)


def test_the_list_shows_all_but_the_secret(alice: Client, bob: Client) -> None:
    assert bob.user
    scoped(alice, "read")
    rows = alice.get("auth/tokens/").json()["results"]
    assert [row["scopes"] for row in rows] == [["read"], ["admin"]]
    token = Token.objects.get(slug=rows[0]["slug"])
    assert rows[0] == {
        "slug": token.slug,
        "name": "test",
        "scopes": ["read"],
        "created_on": token.created_on.isoformat().replace("+00:00", "Z"),
        "expiry": token.expires_on.isoformat().replace("+00:00", "Z"),
        "last_used_on": rows[0]["last_used_on"],
    }
    assert alice.get(f"auth/tokens/{token.slug}/").json() == rows[0]


def test_pages_of_tokens(alice: Client) -> None:
    for scopes in (("read",), ("write",)):
        scoped(alice, *scopes)
    first = alice.get("auth/tokens/?limit=2").json()
    second = alice.get(first["next"]).json()
    assert [row["scopes"] for page in (first, second) for row in page["results"]] == [
        ["write"],
        ["read"],
        ["admin"],
    ]
    assert second["next"] is None
    assert_error(alice.get("auth/tokens/?q=x"), 400, "invalid", "q")


def test_a_revoked_token_is_refused(alice: Client) -> None:
    reader = scoped(alice, "read")
    slug = Token.objects.get(scopes=["read"]).slug
    assert reader.get("grids/").status_code == 200
    response = alice.delete(f"auth/tokens/{slug}/")
    assert (response.status_code, response.content) == (204, b"")
    refused = reader.get("grids/")
    assert_error(refused, 401, "unauthenticated")
    assert refused["WWW-Authenticate"] == "Token"
    assert_error(alice.delete(f"auth/tokens/{slug}/"), 404, "not_found")


def test_others_tokens_are_not_found(alice: Client, bob: Client) -> None:
    assert alice.user
    slug = alice.user.tokens.get().slug
    with nothing_changes():
        for missing in (slug, f"tk_{uuid.UUID(int=0).hex}"):
            assert_error(bob.get(f"auth/tokens/{missing}/"), 404, "not_found")
            assert_error(bob.delete(f"auth/tokens/{missing}/"), 404, "not_found")
    assert alice.get("grids/").status_code == 200


@pytest.mark.parametrize("scopes", [("read",), ("write",), ("read", "write")])
def test_tokens_are_managed_with_the_scope_admin_only(
    alice: Client, scopes: tuple[str, ...]
) -> None:
    client = scoped(alice, *scopes)
    slug = Token.objects.get(scopes=["admin"]).slug
    with nothing_changes():
        for answer in (
            client.get("auth/tokens/"),
            client.get(f"auth/tokens/{slug}/"),
            client.delete(f"auth/tokens/{slug}/"),
        ):
            error = assert_error(answer, 403, "forbidden")
            assert error["message"] == "The token lacks the scope 'admin'."


@pytest.mark.parametrize("scope", ["read", "write", "admin"])
def test_any_token_may_revoke_itself(alice: Client, scope: str) -> None:
    client = scoped(alice, scope)
    others = Token.objects.exclude(scopes=[scope]).count()
    assert client.delete("auth/tokens/current/").status_code == 204
    assert_error(client.delete("auth/tokens/current/"), 401, "unauthenticated")
    assert Token.objects.filter(scopes=[scope]).count() == 0
    assert Token.objects.count() == others


def test_an_anonymous_user_has_no_current_token(anonymous: Client) -> None:
    assert_error(anonymous.delete("auth/tokens/current/"), 401, "unauthenticated")


@pytest.mark.parametrize(
    ("scopes", "reads", "writes"),
    [(("read",), 200, 403), (("write",), 200, 201), (("admin",), 200, 201)],
)
def test_each_scope_includes_those_before_it(
    alice: Client, scopes: tuple[str, ...], reads: int, writes: int
) -> None:
    client = scoped(alice, *scopes)
    assert client.get("grids/").status_code == reads
    assert client.post("grids/", {"title": "x"}).status_code == writes


def test_a_reading_token_starts_no_job(alice: Client, carol: Client) -> None:
    with nothing_changes():
        answer = carol.post("exports/", {"kind": "links", "format": "csv"})
        assert_error(answer, 403, "forbidden")
        assert_error(carol.upload("imports/", io.BytesIO(b"x")), 403, "forbidden")


def test_a_reading_token_reads(alice: Client, carol: Client) -> None:
    grid = make_grid(alice)
    link = make_link(alice, grid, url=URL)
    for path in ("grids/", f"grids/{grid['slug']}/", f"links/{link['slug']}/", "links/", "jobs/"):
        assert carol.get(path).content == alice.get(path).content

"""Test that only its owner sees a link outside its active window."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.client import Client

PAST, FUTURE = "2020-01-01T00:00:00Z", "2090-01-01T00:00:00Z"
WINDOWS = {
    "open": ({}, True),
    "begun": ({"active_from": PAST}, True),
    "not yet": ({"active_from": FUTURE}, False),
    "over": ({"active_until": PAST}, False),
    "within": ({"active_from": PAST, "active_until": FUTURE}, True),
}


@pytest.mark.parametrize("name", WINDOWS)
def test_who_sees_a_link_with_a_window(alice: Client, anonymous: Client, name: str) -> None:
    window, shown = WINDOWS[name]
    grid = alice.post("grids/", {"title": "Open", "visibility": "public"}).json()["slug"]
    fields: dict[str, Any] = {"url": "https://example.org/", "title": "Launch", **window}
    link = alice.post(f"grids/{grid}/links/", fields).json()["slug"]

    def seen(client: Client) -> list[Any]:
        profile = client.get("users/alice/").json()["grids"][0]
        return [
            client.get(f"grids/{grid}/").json()["links_total"],
            len(client.get(f"grids/{grid}/links/").json()["results"]),
            len(client.get(f"grids/{grid}/layout/").json()["links"]),
            client.get(f"links/{link}/").status_code,
            profile["links_total"],
            len(profile["links"]),
        ]

    public = int(shown)
    status = 200 if shown else 404
    assert seen(anonymous) == [public, public, public, status, public, public]
    # The profile is what everybody sees; everything else is whole for its owner.
    assert seen(alice) == [1, 1, 1, 200, public, public]

"""Make grids and links through the API, for tests of something else."""

from __future__ import annotations

from typing import Any

from tests.support.client import Client

URL = "https://example.org/"


def make_grid(client: Client, **fields: Any) -> dict[str, Any]:
    """A grid of the client's."""
    response = client.post("grids/", {"title": "Grid", **fields})
    assert response.status_code == 201, response.content
    made: dict[str, Any] = response.json()
    return made


def make_link(client: Client, grid: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A link on one of the client's grids."""
    body = {"grid": grid["slug"], "url": URL, "title": "Link", **fields}
    response = client.post("links/", body)
    assert response.status_code == 201, response.content
    made: dict[str, Any] = response.json()
    return made


def place(link: dict[str, Any]) -> tuple[int, int, int, int]:
    """Where a link stands: x, y, width, height."""
    return link["x"], link["y"], link["width"], link["height"]


def titles(response: Any) -> list[str]:
    """The titles of a list's page, in its order."""
    assert response.status_code == 200, response.content
    return [row["title"] for row in response.json()["results"]]


def bulk(client: Client, **lists: list[Any]) -> dict[str, Any]:
    """The answer of a bulk call that is fit to be looked at item by item."""
    response = client.post("links/bulk/", lists)
    assert response.status_code == 200, response.content
    answer: dict[str, Any] = response.json()
    return answer


def new(grid: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """The body of a link to create."""
    return {"grid": grid["slug"], "url": URL, "title": "new", **fields}


def shown(client: Client, link: dict[str, Any] | str) -> dict[str, Any]:
    """A link as the API shows it now."""
    slug = link if isinstance(link, str) else link["slug"]
    response = client.get(f"links/{slug}/")
    assert response.status_code == 200, response.content
    answer: dict[str, Any] = response.json()
    return answer

"""Example bodies for the API's documentation."""

from __future__ import annotations

GRID = {
    "slug": "gr_8c1f4e2a9b0d3c5e7f6a1b2c3d4e5f60",
    "title": "Reading list",
    "description": "Worth a second look",
    "alias": "reading",
    "visibility": "public",
    "theme": "meadow",
    "colour_scheme": "auto",
    "columns": 6,
    "links_total": 1,
    "version": 1,
    "layout_version": 2,
    "created_on": "2026-11-01T09:00:00Z",
    "modified_on": "2026-11-01T09:00:00Z",
    "is_deleted": False,
    "deleted_on": None,
}
GRID_WRITE = {"title": "Reading list", "alias": "reading", "visibility": "public", "columns": 6}
TILE = {"slug": "li_1a2b3c4d5e6f708192a3b4c5d6e7f809", "x": 0, "y": 0, "width": 2, "height": 1}
LINK = {
    **TILE,
    "grid": GRID["slug"],
    "url": "https://www.postgresql.org/docs/",
    "short_url": "https://go.example.com/l/pg",
    "title": "PostgreSQL documentation",
    "note": "",
    "tags": ["databases"],
    "alias": "pg",
    "background": "#336791",
    "style": {"text_colour": "#ffffff", "radius": 8},
    "active_from": None,
    "active_until": None,
    "forward_query": True,
    "clicks_before_import": 0,
    "clicks_before_import_from": "",
    "version": 1,
    "created_on": "2026-11-01T09:00:00Z",
    "modified_on": "2026-11-01T09:00:00Z",
    "is_deleted": False,
    "deleted_on": None,
}
LINK_WRITE = {
    "grid": GRID["slug"],
    "url": "https://www.postgresql.org/docs/",
    "title": "PostgreSQL documentation",
    "tags": ["databases"],
    "width": 2,
}
GRID_LINK_WRITE = {k: v for k, v in LINK_WRITE.items() if k != "grid"}
LAYOUT_WRITE = {"links": [TILE]}
BULK = {
    "create": [LINK_WRITE],
    "update": [{"slug": TILE["slug"], "version": 1, "title": "PostgreSQL manual"}],
    "delete": [{"slug": "li_ffffffffffffffffffffffffffffffff"}],
}
BULK_ANSWER = {
    "done": 1,
    "failed": 1,
    "results": [
        {
            "operation": "create",
            "index": 0,
            "status": "done",
            "slug": TILE["slug"],
            "version": 1,
            "error": None,
        },
        {
            "operation": "delete",
            "index": 0,
            "status": "failed",
            "slug": None,
            "version": None,
            "error": {"code": "not_found", "message": "There is no such link."},
        },
    ],
}
_PROFILE_GRID = (
    "slug",
    "title",
    "description",
    "alias",
    "theme",
    "colour_scheme",
    "columns",
    "created_on",
)
_PROFILE_LINK = (
    "slug", "url", "short_url", "title", "tags", "x", "y", "width", "height", "background", "style",
)  # fmt: skip
PROFILE = {
    "slug": "us_3f2a9c0d4b5e6f708192a3b4c5d6e7f8",
    "username": "ada",
    "display_name": "Ada Lovelace",
    "created_on": "2026-11-01T09:00:00Z",
    "next": None,
    "previous": None,
    "grids": [
        {
            **{name: GRID[name] for name in _PROFILE_GRID},
            "links_total": 1,
            "links_url": f"https://example.org/api/v1/grids/{GRID['slug']}/links/",
            "links": [{name: LINK[name] for name in _PROFILE_LINK}],
        }
    ],
}

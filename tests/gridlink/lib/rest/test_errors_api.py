"""Test that any invalid request gets an error of one shape, and writes nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError
from django.test import Client as Browser

from tests.support.client import Client
from tests.support.grids.checks import assert_error, nothing_changes
from tests.support.grids.grids import URL, make_grid, make_link

JSON = "application/json"
MEBIBYTE = 1024 * 1024


def send(
    client: Client, body: bytes, content_type: str = JSON, path: str = "grids/", **extra: str
) -> Any:
    """POST raw bytes."""
    http: Any = client.http
    return http.generic("POST", f"/api/v1/{path}", body, content_type, **extra)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"{", "JSON parse error"),
        (b'{"title": "x"', "JSON parse error"),
        (b'{"title": "x",}', "JSON parse error"),
        (b"{'title': 'x'}", "JSON parse error"),
        (b'{"title": "x"} {}', "JSON parse error"),
        (b'{"title": "raw \n newline"}', "JSON parse error"),
        (b'{"title": NaN}', "JSON parse error"),
        (b'{"title": "x", "columns": -Infinity}', "JSON parse error"),
        (b'{"columns": ' + b"9" * 5000 + b"}", "JSON parse error"),
        (b"\x00", "JSON parse error"),
        (b"\x1f\x8b\x08\x00", "JSON parse error"),
        (b'{"title": "\xff"}', "JSON parse error"),
        (b'{"title": "\xed\xa0\x80"}', "JSON parse error"),
        ('{"title": "x"}'.encode("utf-16"), "JSON parse error"),
        (b"[" * 100_000, "The JSON is nested too deeply."),
        (b'{"a":' * 100_000, "The JSON is nested too deeply."),
        (b'{"a":' + b"[" * 32 + b"]" * 32 + b"}", "The JSON is nested too deeply."),
        (b"[" * 33 + b"]" * 33, "The JSON is nested too deeply."),
        (b'{"title": "x", "title": "x"}', "The JSON has a key twice in one object."),
        (b'{"title": {"a": 1, "\\u0061": 2}}', "The JSON has a key twice in one object."),
        (b"[]", "The body must be a JSON object."),
        (b'[{"title": "x"}]', "The body must be a JSON object."),
        (b'"title"', "The body must be a JSON object."),
        (b"1e999", "The body must be a JSON object."),
        (b"null", "The body must be a JSON object."),
        (b'{"title": "\\ud800"}', "The JSON contains half a surrogate pair."),
        (b'{"title": "x", "\\udfff": 1}', "The JSON contains half a surrogate pair."),
        (b'{"title": "x", "theme": "\\ud83e"}', "The JSON contains half a surrogate pair."),
        (b'{"title": {"a": ["\\udc00\\ud800"]}}', "The JSON contains half a surrogate pair."),
    ],
)
def test_a_body_that_is_not_a_json_object_is_refused(
    alice: Client, body: bytes, message: str
) -> None:
    with nothing_changes():
        error = assert_error(send(alice, body), 400, "invalid")
    assert error["message"].startswith(message)


def test_a_whole_surrogate_pair_is_a_character(alice: Client) -> None:
    response = send(alice, b'{"title": "\\ud83e\\udd8a"}')
    assert (response.status_code, response.json()["title"]) == (201, "🦊")


def test_a_byte_order_mark_is_refused(alice: Client) -> None:
    with nothing_changes():
        assert_error(send(alice, b'\xef\xbb\xbf{"title": "x"}'), 400, "invalid")


def test_moderate_nesting_is_refused_like_any_wrong_type(alice: Client) -> None:
    deep = json.loads("[" * 31 + "]" * 31)
    with nothing_changes():
        for field in ("title", "visibility", "columns"):
            answer = alice.post("grids/", {"title": "x", field: deep})
            assert_error(answer, 400, "invalid", field)


def _bodies(grid: str) -> list[tuple[str, str, dict[str, Any]]]:
    link = {"grid": grid, "url": URL, "title": "x"}
    tile = {"slug": "li_x", "x": 0, "y": 0, "width": 1, "height": 1}
    return [
        ("post", "auth/register/", {"username": "ada", "password": "x" * 12, "email": "a@b.cc"}),
        ("post", "auth/token/", {"username": "ada", "password": "x", "name": "n", "scopes": ["a"]}),
        ("post", "grids/", {"title": "x", "description": "", "alias": "a", "theme": "auto"}),
        ("put", f"grids/{grid}/layout/", {"links": [tile]}),
        ("post", f"grids/{grid}/links/", {"url": URL, "title": "x"}),
        ("post", "links/", {**link, "note": "", "tags": ["t"], "alias": "a", "background": ""}),
        ("post", "links/", {**link, "style": {"icon": "x"}, "active_from": "2026-01-01"}),
        ("post", "exports/", {"kind": "links", "format": "csv"}),
    ]


def _spoilt(value: Any, text: str) -> list[Any]:
    """Copies of a JSON value, each with `text` in the place of one string or within one key."""
    if isinstance(value, str):
        return [text]
    if isinstance(value, list):
        return [[copy] for item in value for copy in _spoilt(item, text)]
    if isinstance(value, dict):
        copies = [{**value, k: copy} for k, v in value.items() for copy in _spoilt(v, text)]
        return [*copies, {**value, text: 1}]
    return []


@pytest.mark.parametrize("text", ["nul\x00", "\ud800"])
def test_characters_that_cannot_be_stored_are_refused_everywhere(alice: Client, text: str) -> None:
    grid = make_grid(alice)["slug"]
    refusals = 0
    with nothing_changes():
        for method, path, body in _bodies(grid):
            for spoilt in _spoilt(body, text):
                raw = json.dumps(spoilt).encode()
                http: Any = alice.http
                answer = http.generic(
                    method.upper(), f"/api/v1/{path}", raw, JSON, HTTP_IF_MATCH="*"
                )
                # A grid, a kind, or a format of such a name does not exist.
                assert answer.status_code in (400, 404), (path, spoilt, answer.content)
                assert answer.json()["error"]["code"] in ("invalid", "not_found")
                refusals += 1
    assert refusals == 38


@pytest.mark.parametrize(
    "path",
    [
        "grids/?q=%00",
        "grids/?%00=x",
        "grids/?ordering=%00",
        "links/?tag=%00",
        "links/?grid=gr_%00",
        "links/?url=https://x.example/%00",
        "links/?created_from=%00",
        "jobs/?kind=%00",
        "jobs/?status=%00",
        "auth/tokens/?cursor=%00",
    ],
)
def test_a_nul_in_a_query_is_refused(alice: Client, path: str) -> None:
    assert_error_status(alice.get(path), 400, "invalid")


@pytest.mark.parametrize("text", ["%ff", "%ED%A0%80", "%F0%9F", "%"])
def test_invalid_utf8_in_a_query_finds_nothing(alice: Client, text: str) -> None:
    make_link(alice, make_grid(alice))
    assert alice.get(f"links/?tag={text}").json()["results"] == []
    assert_error_status(alice.get(f"links/?ordering={text}"), 400, "invalid")


def assert_error_status(response: Any, status: int, code: str) -> None:
    assert response.status_code == status, response.content
    assert response.json()["error"]["code"] == code


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "application/xml",
        "application/jsonp",
        "nonsense",
        "",
    ],
)
def test_a_body_of_another_type_is_refused(alice: Client, content_type: str) -> None:
    with nothing_changes():
        answer = send(alice, b'{"title": "x"}', content_type)
        assert_error(answer, 415, "unsupported_media_type")


def test_json_with_a_charset_is_json(alice: Client) -> None:
    body = '{"title": "ä"}'.encode()
    assert send(alice, body, "application/json; charset=utf-8").json()["title"] == "ä"


@pytest.mark.parametrize("charset", ["utf-16", "latin-1", "bz2_codec", "utf-7"])
def test_json_in_another_charset_is_refused(alice: Client, charset: str) -> None:
    with nothing_changes():
        answer = send(alice, b'{"title": "x"}', f"application/json; charset={charset}")
        error = assert_error(answer, 400, "invalid")
    assert error["message"] == "JSON is UTF-8; no other charset is read."


@pytest.mark.parametrize("length", [5 * MEBIBYTE + 1, 10 * MEBIBYTE])
def test_a_body_over_the_limit_is_refused_unread(alice: Client, length: int) -> None:
    body = b'{"title": "' + b"x" * (length - 13) + b'"}'
    assert len(body) == length
    with nothing_changes():
        error = assert_error(send(alice, body), 413, "too_large")
    assert error["message"] == "The body is over the limit of 5242880 bytes."


def test_a_body_at_the_limit_is_read(alice: Client) -> None:
    body = b'{"title": "' + b"x" * (5 * MEBIBYTE - 13) + b'"}'
    assert_error(send(alice, body), 400, "invalid", "title")


def test_an_upload_has_a_limit_of_its_own(alice: Client, settings: Any) -> None:
    settings.IMPORT_BYTES = 1024
    form = "multipart/form-data; boundary=x"
    with nothing_changes():
        answer = send(alice, b"x" * (1024 + 64 * 1024 + 1), form, "imports/")
        assert_error(answer, 413, "too_large")


@pytest.mark.parametrize("length", ["-1", "1e3", "five", "٥", "1 2", "+5", "0x10"])
def test_a_length_that_is_not_a_number_is_refused(alice: Client, length: str) -> None:
    with nothing_changes():
        answer = send(alice, b'{"title": "x"}', CONTENT_LENGTH=length)
        assert_error(answer, 400, "invalid")


def test_a_body_of_unknown_length_is_refused(alice: Client) -> None:
    with nothing_changes():
        answer = send(alice, b'{"title": "x"}', HTTP_TRANSFER_ENCODING="chunked")
        error = assert_error(answer, 411, "length_required")
    assert error["message"] == "State the body's length in Content-Length."


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/",
        "/api/v1/nope/",
        "/api/v1/grids/nonsense/",
        "/api/v1/grids/gr_00000000000000000000000000000000/nope/",
        "/api/v1/grids/GR_00000000000000000000000000000000/",
        "/api/v1/grids/%00/",
        "/api/v1/grids/%ff/",
        "/api/v2/grids/",
        "/nope/",
    ],
)
def test_an_unknown_path(alice: Client, path: str) -> None:
    error = assert_error(alice.get(path), 404, "not_found")
    assert error["message"] == "Not found."


@pytest.mark.parametrize("path", ["/api/v1/grids", "/nope"])
def test_a_path_without_its_slash_gets_a_hint(alice: Client, path: str) -> None:
    for answer in (alice.get(path), alice.post(path, {"title": "x"})):
        error = assert_error(answer, 404, "not_found")
        assert error["message"] == "Not found. Paths of the API end with a slash."


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "grids/", "GET, POST, HEAD, OPTIONS"),
        ("GET", "auth/token/", "POST, OPTIONS"),
        ("POST", "users/alice/", "GET, HEAD, OPTIONS"),
        ("PATCH", "links/bulk/", "POST, OPTIONS"),
        ("BREW", "grids/", "GET, POST, HEAD, OPTIONS"),
    ],
)
def test_another_method_is_a_405(alice: Client, method: str, path: str, allowed: str) -> None:
    with nothing_changes():
        http: Any = alice.http
        response = http.generic(method, f"/api/v1/{path}", b"{}", JSON)
        assert_error(response, 405, "method_not_allowed")
    assert response["Allow"] == allowed


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "image/*", "nonsense", ","])
def test_another_accept_header_is_a_406(alice: Client, accept: str) -> None:
    with nothing_changes():
        answer = alice.post("grids/", {"title": "x"}, accept=accept)
        assert_error(answer, 406, "not_acceptable")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html, application/*;q=0.1"])
def test_an_accept_header_for_json_is_served(alice: Client, accept: str) -> None:
    assert alice.get("grids/", accept=accept).status_code == 200


def test_an_unknown_host_is_refused(alice: Client, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["example.org"]
    response = alice.http.get("/api/v1/grids/", HTTP_HOST="evil.example")
    assert_error(response, 400, "invalid")


def test_a_defect_reveals_no_internals(alice: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(**_: Any) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("grids.selectors.grid_list", fail)
    response = alice.get("grids/")
    error = assert_error(response, 500, "server_error")
    assert b"secret detail" not in response.content
    assert error["message"].endswith("the log of the server has the details.")


@pytest.mark.django_db
def test_docs_and_home_are_served() -> None:
    for path in ("/api/docs/", "/api/schema/"):
        assert Browser().get(path).status_code == 200
    home = Browser().get("/")
    assert (home.status_code, home["Location"]) == (302, "/api/docs/")


@pytest.mark.parametrize("kind", [OperationalError, InterfaceError, DatabaseError])
def test_an_unreachable_database_is_a_503_with_retry_after(
    alice: Client, monkeypatch: pytest.MonkeyPatch, kind: type[Exception]
) -> None:
    def fail(**_: Any) -> None:
        raise kind("server closed the connection unexpectedly")

    monkeypatch.setattr("grids.selectors.grid_list", fail)
    response = alice.get("grids/")
    error = assert_error(response, 503, "unavailable")
    assert error["message"] == "The database cannot be reached; try again in a moment."
    assert response["Retry-After"] == "5"


def test_a_statement_that_the_database_refuses_is_a_500(
    alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(**_: Any) -> None:
        raise IntegrityError("duplicate key")

    monkeypatch.setattr("grids.selectors.grid_list", fail)
    assert_error(alice.get("grids/"), 500, "server_error")

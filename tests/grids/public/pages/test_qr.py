"""Test the QR codes of pages and links."""

from __future__ import annotations

import io
import struct
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
import segno
from django.utils import timezone

from grids.models import Grid, Link
from grids.public.pages.messages import missing
from grids.public.pages.qr import resolve_qr
from tests.support.client import Client
from tests.support.grids.grids import make_grid, make_link
from tests.support.grids.pages import body, headers

pytestmark = pytest.mark.django_db


def code(address: str) -> segno.QRCode:
    return segno.make_qr(address, error="m")


def drawn(address: str, kind: str) -> bytes:
    """The picture of an address."""
    out = io.BytesIO()
    code(address).save(out, kind=kind, scale=8, border=4)
    return out.getvalue()


@pytest.fixture
def grid(alice: Client) -> dict[str, Any]:
    return make_grid(alice, visibility="public", alias="page")


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("g/page", "https://go.example/g/page"),
        ("l/one", "https://go.example/l/one"),
        ("utm/g/page", "https://go.example/g/page?utm_source=qr"),
        ("utm/l/one", "https://go.example/l/one?utm_source=qr"),
    ],
)
@pytest.mark.parametrize(("kind", "name"), [("svg", "image/svg+xml"), ("png", "image/png")])
def test_a_code_holds_the_address(
    alice: Client, grid: dict[str, Any], key: str, address: str, kind: str, name: str
) -> None:
    make_link(alice, grid, alias="one")
    answer = resolve_qr(f"{key}.{kind}")
    assert (answer.start["status"], answer.target) == (200, None)
    assert body(answer) == drawn(address, kind)
    sent = headers(answer)
    assert (sent["content-type"], sent["x-robots-tag"]) == (name, "noindex")
    row = Grid.objects.get(alias="page")
    assert answer.depends_on == (f"grid {row.pk}", f"user {row.user_id}")


def test_a_picture_is_large_enough_for_a_phone(grid: dict[str, Any]) -> None:
    picture = body(resolve_qr("g/page.png"))
    assert picture[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", picture[16:24])
    modules = code("https://go.example/g/page").symbol_size(scale=1, border=4)
    assert (width, height) == (modules[0] * 8, modules[1] * 8)
    assert width >= 250


def test_a_drawing_is_xml_that_runs_nothing(grid: dict[str, Any]) -> None:
    root = ElementTree.fromstring(body(resolve_qr("g/page.svg")))
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert {each.tag.rpartition("}")[2] for each in root.iter()} <= {"svg", "path", "rect", "g"}


def test_there_is_no_code_of_what_is_not_there(alice: Client, grid: dict[str, Any]) -> None:
    private = make_grid(alice)
    gone = make_link(alice, grid, alias="gone")
    alice.delete(f"links/{gone['slug']}/", if_match="*")
    keys = ["g/none", f"g/{private['slug']}", "l/none", "l/page", "l/gone", "g/gone"]
    for key in keys:
        answer = resolve_qr(f"{key}.svg")
        assert (answer.start, body(answer)) == (missing().start, body(missing())), key


def test_a_link_that_is_not_open_yet_has_one(alice: Client, grid: dict[str, Any]) -> None:
    """What is printed before the day."""
    link = make_link(alice, grid, alias="one")
    Link.objects.filter(slug=link["slug"]).update(active_from=timezone.now() + timedelta(days=1))
    answer = resolve_qr("l/one.svg")
    assert answer.start["status"] == 200
    assert answer.since < timezone.now().timestamp()

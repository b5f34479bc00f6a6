"""Parts of a file (RFC 9110, section 14)."""

from __future__ import annotations

import pytest

from tasks.models import Job, JobFile
from tests.support.client import Client, content
from tests.support.files import BODY, DIGEST, job_with_file

pytestmark = pytest.mark.django_db
SIZE = len(BODY)


def path(job: Job) -> str:
    return f"jobs/{job.slug}/files/links.csv/"


@pytest.mark.parametrize(
    ("wanted", "first", "last"),
    [
        ("bytes=0-0", 0, 0),
        ("bytes=0-99", 0, 99),
        ("bytes=300-399", 300, 399),
        ("bytes= 300 - 399", 300, 399),
        ("bytes=1000-", 1000, SIZE - 1),
        ("bytes=0-", 0, SIZE - 1),
        ("bytes=-10", SIZE - 10, SIZE - 1),
        ("bytes=-5000", 0, SIZE - 1),
        (f"bytes={SIZE - 1}-{SIZE + 50}", SIZE - 1, SIZE - 1),
        ("bytes=1000-999999999999999999", 1000, SIZE - 1),
    ],
)
def test_part(alice: Client, wanted: str, first: int, last: int) -> None:
    response = alice.get(path(job_with_file(alice)), Range=wanted)
    assert response.status_code == 206
    assert content(response) == BODY[first : last + 1]
    assert response["Content-Range"] == f"bytes {first}-{last}/{SIZE}"
    assert response["Content-Length"] == str(last + 1 - first)
    assert response["ETag"] == f'"{DIGEST}"'


@pytest.mark.parametrize("wanted", [f"bytes={SIZE}-", f"bytes={SIZE}-{SIZE + 5}", "bytes=-0"])
def test_beyond_the_end(alice: Client, wanted: str) -> None:
    response = alice.get(path(job_with_file(alice)), Range=wanted)
    assert response.status_code == 416
    assert response["Content-Range"] == f"bytes */{SIZE}"
    assert response.json() == {
        "error": {"code": "range_not_satisfiable", "message": f"The file has {SIZE} bytes."}
    }


@pytest.mark.parametrize(
    "wanted",
    [
        "bytes=5-2",
        "bytes=-",
        "bytes=",
        "bytes=a-b",
        "bytes=0x1-2",
        "bytes=٠-٩",
        "bytes=--5",
        "items=0-5",
        "0-5",
        "bytes=0-1,5-6",
        "bytes=0-9999999999999999999",
    ],
)
def test_malformed_or_several_ranges_give_the_whole(alice: Client, wanted: str) -> None:
    response = alice.get(path(job_with_file(alice)), Range=wanted)
    assert response.status_code == 200
    assert content(response) == BODY
    assert "Content-Range" not in response


def test_if_range(alice: Client) -> None:
    job = job_with_file(alice)
    same = alice.get(path(job), Range="bytes=0-9", **{"If-Range": f'"{DIGEST}"'})
    assert (same.status_code, content(same)) == (206, BODY[:10])
    for other in ('"another"', f'W/"{DIGEST}"', DIGEST, "Sat, 21 Nov 2026 00:00:00 GMT"):
        whole = alice.get(path(job), Range="bytes=0-9", **{"If-Range": other})
        assert (whole.status_code, content(whole)) == (200, BODY)


def test_head_tells_without_sending(alice: Client) -> None:
    job = job_with_file(alice)
    for headers in ({}, {"Range": "bytes=0-9"}):
        response = alice.http.head(f"/api/v1/{path(job)}", headers=headers)
        assert response.status_code == 200
        assert response.content == b""
        assert response["Content-Length"] == str(SIZE)
        assert response["ETag"] == f'"{DIGEST}"'
        assert "Content-Range" not in response


def test_empty_file_has_no_parts(alice: Client) -> None:
    job = job_with_file(alice)
    JobFile.objects.update(size=0)
    assert alice.get(path(job), Range="bytes=0-").status_code == 416
    assert alice.get(path(job), Range="bytes=-5").status_code == 416
    whole = alice.get(path(job))
    assert (whole.status_code, content(whole)) == (200, b"")


def test_large_file_is_streamed_in_pieces(alice: Client) -> None:
    from tasks.storage import object_store

    job = job_with_file(alice)
    file = JobFile.objects.get()
    with object_store().sink(file.storage_key) as sink:
        for _ in range(16):
            sink.write(b"x" * 65536)
    JobFile.objects.update(size=1 << 20)
    response = alice.get(path(job))
    pieces = list(response.streaming_content)
    assert [len(piece) for piece in pieces] == [256 * 1024] * 4

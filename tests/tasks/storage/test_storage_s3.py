"""S3: parts, lost answers, signed URLs. Faults are injected on the wire, below boto's retries."""

from __future__ import annotations

import io
import socket
import time
import tracemalloc
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import urllib3
from botocore.awsrequest import AWSResponse
from botocore.exceptions import ConnectionClosedError, ReadTimeoutError
from botocore.httpsession import URLLib3Session
from django.core.exceptions import ImproperlyConfigured

from tasks.storage import ObjectMissing, StorageError, StorageFull, store_from_url
from tasks.storage.s3 import S3Store
from tasks.storage.s3_calls import S3Calls
from tasks.storage.s3_sink import S3Sink
from tests.support.tasks.s3_server import s3_server

BUCKET = "files"
PART_SIZE = 1000
EVERYTHING = timedelta(seconds=-60)
ALWAYS = 1_000


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server() as (host, port):
        url = f"http://{host}:{port}"
        S3Store(BUCKET, endpoint_url=url)._client.create_bucket(Bucket=BUCKET)
        yield url


@pytest.fixture
def store(endpoint: str, request: pytest.FixtureRequest) -> S3Store:
    """Store with a prefix of its own."""
    prefix = "".join(c for c in request.node.name if c.isalnum())
    return S3Store(BUCKET, prefix, endpoint_url=endpoint, part_size=PART_SIZE)


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record the pauses boto makes between tries instead of making them."""
    pauses: list[float] = []
    monkeypatch.setattr("botocore.endpoint.time", SimpleNamespace(sleep=pauses.append))
    return pauses


def put(store: S3Store, key: str, data: bytes) -> None:
    with store.sink(key) as sink:
        sink.write(data)


def get(store: S3Store, key: str) -> bytes:
    with store.open(key) as stream:
        return stream.read()


def requests_of(store: S3Store) -> list[str]:
    """Record the operations the store asks for from now on."""
    names: list[str] = []
    store._client.meta.events.register(
        "before-call.s3", lambda model, **_: names.append(model.name)
    )
    return names


def answer(status: int, url: str) -> AWSResponse:
    raw = urllib3.HTTPResponse(io.BytesIO(b""), status=status, preload_content=False)
    return AWSResponse(url, status, {}, raw)


def break_requests(
    store: S3Store,
    operation: str,
    *,
    first: int = 1,
    count: int = ALWAYS,
    is_done: bool = False,
    fault: int | Callable[[str], BaseException] = 500,
) -> list[int]:
    """Break tries `first` to `first + count - 1`; with `is_done` the server does the work first."""
    tries: list[int] = []

    def before_send(request: Any, **_: Any) -> AWSResponse | None:
        tries.append(len(tries) + 1)
        if not first <= len(tries) < first + count:
            return None
        if is_done:
            URLLib3Session().send(request)
        if isinstance(fault, int):
            return answer(fault, request.url)
        raise fault(request.url)

    store._client.meta.events.register(f"before-send.s3.{operation}", before_send)
    return tries


def timed_out(url: str) -> BaseException:
    error: BaseException = ReadTimeoutError(endpoint_url=url)
    return error


def hung_up(url: str) -> BaseException:
    error: BaseException = ConnectionClosedError(endpoint_url=url)
    return error


def assert_nothing_left(store: S3Store, key: str) -> None:
    with pytest.raises(ObjectMissing):
        store.size(key)
    assert store.sweep_partials(EVERYTHING) == 0


FAULTS = pytest.mark.parametrize("fault", [500, 503, timed_out, hung_up])


class TestParts:
    @pytest.mark.parametrize(
        ("size", "expected"),
        [
            (0, ["PutObject"]),
            (999, ["PutObject"]),
            (1000, ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]),
            (2001, ["CreateMultipartUpload", *["UploadPart"] * 3, "CompleteMultipartUpload"]),
        ],
    )
    def test_small_objects_go_in_one_request(
        self, store: S3Store, size: int, expected: list[str]
    ) -> None:
        names = requests_of(store)
        put(store, "a", b"x" * size)
        assert names == expected
        assert store.size("a") == size

    def test_parts_grow_so_that_ten_thousand_are_enough(
        self, store: S3Store, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("tasks.storage.s3_sink.PARTS_PER_SIZE", 2)
        sizes: list[int] = []
        store._client.meta.events.register(
            "provide-client-params.s3.UploadPart",
            lambda params, **_: sizes.append(len(params["Body"])),
        )
        put(store, "a", bytes(range(250)) * 40)
        assert sizes == [1000, 1000, 2000, 2000, 4000]
        assert get(store, "a") == bytes(range(250)) * 40

    def test_a_sink_holds_two_parts(self) -> None:
        part = 1 << 20
        client = SimpleNamespace(
            create_multipart_upload=lambda **_: {"UploadId": "1"},
            upload_part=lambda **_: {"ETag": "1"},
            complete_multipart_upload=lambda **_: None,
        )
        row = b"x" * 65_537
        tracemalloc.start()
        try:
            with S3Sink(client, S3Calls(), BUCKET, "a", part) as sink:
                for _ in range(500):
                    sink.write(row)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert sink.size == 500 * 65_537
        # A growing bytearray reserves up to an eighth more than it holds.
        assert peak < 2.5 * part


class TestFaults:
    @FAULTS
    def test_a_part_that_keeps_failing(
        self, store: S3Store, pauses: list[float], fault: Any
    ) -> None:
        tries = break_requests(store, "UploadPart", first=2, fault=fault)
        with pytest.raises(StorageError, match="Cannot store 'testapart"):
            put(store, "a", b"x" * 5500)
        assert tries == [1, 2, 3, 4, 5]
        assert len(pauses) == 3
        assert_nothing_left(store, "a")

    @FAULTS
    @pytest.mark.parametrize(
        "operation", ["CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"]
    )
    def test_a_short_trouble_is_sat_out(
        self, store: S3Store, pauses: list[float], operation: str, fault: Any
    ) -> None:
        break_requests(store, operation, count=3, fault=fault)
        put(store, "a", b"0123456789" * 350)
        assert len(pauses) == 3
        assert get(store, "a") == b"0123456789" * 350
        assert store.sweep_partials(EVERYTHING) == 0

    @FAULTS
    @pytest.mark.parametrize("size", [10, 3500])
    def test_a_commit_that_never_happened(
        self, store: S3Store, pauses: list[float], size: int, fault: Any
    ) -> None:
        break_requests(store, "PutObject", fault=fault)
        break_requests(store, "CompleteMultipartUpload", fault=fault)
        with pytest.raises(StorageError, match="Cannot store"):
            put(store, "a", b"x" * size)
        assert_nothing_left(store, "a")

    @FAULTS
    @pytest.mark.parametrize("size", [10, 3500])
    def test_a_commit_whose_answer_was_lost(
        self, store: S3Store, pauses: list[float], size: int, fault: Any
    ) -> None:
        break_requests(store, "PutObject", is_done=True, fault=fault)
        break_requests(store, "CompleteMultipartUpload", is_done=True, fault=fault)
        put(store, "a", b"x" * size)
        assert get(store, "a") == b"x" * size
        assert store.sweep_partials(EVERYTHING) == 0

    def test_an_older_object_is_not_taken_for_the_new_one(
        self, store: S3Store, pauses: list[float]
    ) -> None:
        put(store, "a", b"o" * 3500)
        break_requests(store, "CompleteMultipartUpload")
        with pytest.raises(StorageError, match="CompleteMultipartUpload"):
            put(store, "a", b"n" * 3500)
        assert get(store, "a") == b"o" * 3500
        assert store.sweep_partials(EVERYTHING) == 0

    def test_a_commit_that_cannot_be_confirmed_is_undone(
        self, store: S3Store, pauses: list[float]
    ) -> None:
        break_requests(store, "CompleteMultipartUpload", is_done=True)
        break_requests(store, "HeadObject", count=1, fault=403)
        with pytest.raises(StorageError, match="CompleteMultipartUpload"):
            put(store, "a", b"x" * 3500)
        assert_nothing_left(store, "a")

    def test_an_interrupt_after_the_commit_undoes_it(self, store: S3Store) -> None:
        def interrupt(url: str) -> BaseException:
            return KeyboardInterrupt()

        break_requests(store, "CompleteMultipartUpload", is_done=True, fault=interrupt)
        with pytest.raises(KeyboardInterrupt):
            put(store, "a", b"x" * 3500)
        assert_nothing_left(store, "a")

    def test_an_abort_that_fails_hides_nothing_and_is_swept(
        self, store: S3Store, pauses: list[float]
    ) -> None:
        break_requests(store, "UploadPart", fault=403)
        break_requests(store, "AbortMultipartUpload", count=4)
        with pytest.raises(StorageError, match="403"):
            put(store, "a", b"x" * 3500)
        assert store.sweep_partials(EVERYTHING) == 1
        assert_nothing_left(store, "a")

    def test_a_full_store(self, store: S3Store, pauses: list[float]) -> None:
        break_requests(store, "PutObject", fault=507)
        with pytest.raises(StorageFull, match=r"no space left; free some and try again$"):
            put(store, "a", b"x")

    def test_a_stream_that_breaks_off(self, store: S3Store) -> None:
        put(store, "a", b"x" * 3500)

        def shorten(http_response: Any, parsed: dict[str, Any], **_: Any) -> None:
            parsed["Body"] = io.BytesIO(b"x" * 3000)

        store._client.meta.events.register("after-call.s3.GetObject", shorten)
        with store.open("a") as stream, pytest.raises(StorageError, match="ended 500 bytes early"):
            stream.read()

    def test_waits_and_tries_are_bounded(self, store: S3Store) -> None:
        config = store._client.meta.config
        assert (config.connect_timeout, config.read_timeout) == (5, 30)
        assert (config.retries["mode"], config.retries["total_max_attempts"]) == ("standard", 4)


class TestSignedUrls:
    def test_it_downloads_under_any_name(self, store: S3Store) -> None:
        put(store, "a.csv", b"slug,url\n")
        url = store.signed_url(
            "a.csv", filename='räp"ort\r\n.csv', content_type="text/csv", expires_in=60
        )
        assert url is not None
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url) as response:
            assert response.read() == b"slug,url\n"
            assert response.headers["Content-Type"] == "text/csv"
            assert response.headers["Content-Disposition"] == (
                "attachment; filename=\"r_p_ort.csv\"; filename*=UTF-8''r%C3%A4p%22ort.csv"
            )

    def test_it_carries_its_end(self, store: S3Store) -> None:
        names = requests_of(store)
        url = store.signed_url("a", filename="a", content_type="text/csv", expires_in=90)
        query = parse_qs(urlsplit(str(url)).query)
        assert query["X-Amz-Expires"] == ["90"]
        assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
        assert query["X-Amz-SignedHeaders"] == ["host"]
        assert names == []

    def test_it_names_the_endpoint_browsers_reach(self, endpoint: str) -> None:
        store = S3Store(BUCKET, "p", endpoint_url=endpoint, public_url="https://files.example.com")
        url = store.signed_url("a", filename="a", content_type="text/csv", expires_in=90)
        assert str(url).startswith(f"https://files.example.com/{BUCKET}/p/a?")


class TestBucket:
    def test_prefixes_keep_stores_apart(self, store: S3Store, endpoint: str) -> None:
        longer = S3Store(BUCKET, f"{store._root[:-1]}2", endpoint_url=endpoint, part_size=PART_SIZE)
        put(store, "a", b"one")
        put(longer, "a", b"two")
        assert [entry.key for entry in store.list()] == ["a"]
        assert get(longer, "a") == b"two"
        with longer.sink("b") as sink:
            sink.write(b"x" * 3500)
            assert store.sweep_partials(EVERYTHING) == 0
        assert longer.size("b") == 3500

    def test_sweep_spares_young_uploads(self, store: S3Store) -> None:
        begun = datetime.now(UTC) - timedelta(hours=2)

        def date(parsed: dict[str, Any], **_: Any) -> None:
            for upload in parsed.get("Uploads", []):
                upload["Initiated"] = begun

        store._client.meta.events.register("after-call.s3.ListMultipartUploads", date)
        sink = store.sink("a")
        sink.__enter__()
        sink.write(b"x" * 3500)
        assert store.sweep_partials(timedelta(hours=3)) == 0
        assert store.sweep_partials(timedelta(hours=1)) == 1
        with pytest.raises(StorageError):
            sink.__exit__(None, None, None)

    def test_objects_of_others_are_not_listed(self, store: S3Store) -> None:
        put(store, "a", b"x")
        for name in ("folder/", ".hidden", "with space"):
            store._client.put_object(Bucket=BUCKET, Key=store._root + name, Body=b"")
        assert [entry.key for entry in store.list()] == ["a"]

    def test_a_missing_bucket(self, endpoint: str) -> None:
        with pytest.raises(StorageError) as caught:
            S3Store("nowhere", endpoint_url=endpoint).check()
        assert str(caught.value) == (
            "Cannot write to bucket 'nowhere': An error occurred (NoSuchBucket) when calling the "
            "CreateMultipartUpload operation: The specified bucket does not exist"
        )

    def test_an_endpoint_that_is_away(self, endpoint: str, pauses: list[float]) -> None:
        with pytest.raises(StorageError) as caught:
            S3Store(BUCKET, endpoint_url="http://127.0.0.1:1").check()
        assert str(caught.value).startswith(
            f"Cannot write to bucket '{BUCKET}': Could not connect to the endpoint URL"
        )
        assert "\n" not in str(caught.value)
        assert len(pauses) == 3


class TestUrls:
    def test_everything_given(self, endpoint: str) -> None:
        store = store_from_url(
            f"s3://{BUCKET}/exports/eu?endpoint={endpoint}&region=eu-central-1"
            "&public_endpoint=https://files.example.com"
        )
        assert isinstance(store, S3Store)
        assert store._client.meta.region_name == "eu-central-1"
        put(store, "a", b"x")
        url = store.signed_url("a", filename="a", content_type="text/csv", expires_in=90)
        assert str(url).startswith(f"https://files.example.com/{BUCKET}/exports/eu/a?")
        assert get(S3Store(BUCKET, endpoint_url=endpoint), "exports/eu/a") == b"x"

    def test_amazon_itself(self, endpoint: str) -> None:
        store = store_from_url("s3://my-bucket?region=eu-central-1")
        url = store.signed_url("a", filename="a", content_type="text/csv", expires_in=90)
        assert str(url).startswith("https://my-bucket.s3.eu-central-1.amazonaws.com/a?")

    @pytest.mark.parametrize(
        ("url", "reason"),
        [
            ("s3://", "it is s3://bucket/prefix, with credentials in AWS_* variables"),
            ("s3://key:secret@bucket", "it is s3://bucket/prefix, with credentials in AWS_* vari"),
            ("s3://bucket?endpont=http://x", "unknown parameter 'endpont'"),
            ("s3://bucket?endpoint=minio:9000", "endpoint must be an http(s) URL"),
            ("s3://bucket?public_endpoint=x", "public_endpoint must be an http(s) URL"),
            ("s3://bucket/../x", "Not a storage key: '../x'"),
        ],
    )
    def test_bad_ones(self, url: str, reason: str) -> None:
        with pytest.raises(ImproperlyConfigured) as caught:
            store_from_url(url)
        assert str(caught.value).startswith(f"STORAGE_URL is not usable: {reason}")


def test_an_interruption_refuses_work_until_it_ends(store: S3Store) -> None:
    put(store, "a", b"data")
    begun = store.open("a")
    store.interrupt()
    for work in (lambda: store.size("a"), lambda: put(store, "b", b""), lambda: [*store.list()]):
        with pytest.raises(StorageError, match="broken off"):
            work()
    store.resume()
    begun.close()
    assert [item.key for item in store.list()] == ["a"]
    assert get(store, "a") == b"data"


@pytest.mark.parametrize("headers", ["", "Connection: close\r\n"], ids=["kept", "last"])
def test_an_interruption_ends_a_read(endpoint: str, headers: str) -> None:
    """In the middle of an object, after which nothing comes any more."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        store = S3Store(BUCKET, endpoint_url=f"http://127.0.0.1:{server.getsockname()[1]}")
        with ThreadPoolExecutor(1) as pool:
            opening = pool.submit(store.open, "a")
            line, _ = server.accept()
            with line:
                line.recv(1 << 16)
                answer = f"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n{headers}\r\nda"
                line.sendall(answer.encode())
                stream = opening.result(30)
                begun = time.monotonic()
                reading = pool.submit(stream.read)
                store.interrupt()
                assert isinstance(reading.exception(30), StorageError)
                assert time.monotonic() - begun < 5

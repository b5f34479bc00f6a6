"""Test what every object store must do, on each of them."""

from __future__ import annotations

import hashlib
import io
import uuid
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.storage.base import ObjectMissing, ObjectStore, StorageError, attachment
from tasks.storage.local import LocalStore
from tasks.storage.s3 import S3Store
from tests.support.tasks.s3_server import s3_server

PART_SIZE = 1000
EVERYTHING = timedelta(seconds=-60)
BAD_KEYS = [
    "", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/.", ".partial/a", "a/.b",
    "a b", "a\n", "\n", "a\\b", "ä", "a\0", "a:b",
]  # fmt: skip
BAD_PREFIXES = ["/", "..", "../", "a/../", "a//", ".", "a/.", "ä", "a\n"]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with s3_server() as (host, port):
        yield f"http://{host}:{port}"


@pytest.fixture(scope="module", params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> ObjectStore:
    if request.param == "local":
        return LocalStore(Path(tmp_path_factory.mktemp("contract"), "store"))
    endpoint = request.getfixturevalue("endpoint")
    store = S3Store("contract", "some/prefix", endpoint_url=endpoint, part_size=PART_SIZE)
    store._client.create_bucket(Bucket="contract")
    return store


@pytest.fixture
def folder() -> str:
    """Start of keys that no other test uses."""
    return uuid.uuid4().hex


@pytest.fixture
def key(folder: str) -> str:
    return f"{folder}/deep/er/links.csv"


def put(store: ObjectStore, key: str, data: bytes) -> None:
    with store.sink(key) as sink:
        sink.write(data)


def get(store: ObjectStore, key: str) -> bytes:
    with store.open(key) as stream:
        return stream.read()


def write_and_fail(store: ObjectStore, key: str, data: bytes, error: type[BaseException]) -> None:
    with store.sink(key) as sink:
        sink.write(data)
        raise error


def assert_nothing_there(store: ObjectStore, key: str) -> None:
    with pytest.raises(ObjectMissing):
        store.size(key)
    with pytest.raises(ObjectMissing):
        store.open(key)
    assert list(store.list(key)) == []


class TestWriting:
    def test_what_goes_in_comes_out(self, store: ObjectStore, key: str) -> None:
        with store.sink(key) as sink:
            assert sink.write(b"slug,url\n") == 9
            assert sink.write(memoryview(b"li_1,https://example.com\n")) == 25
            assert sink.tell() == 34
        data = b"slug,url\nli_1,https://example.com\n"
        assert (sink.size, sink.sha256) == (34, hashlib.sha256(data).hexdigest())
        assert store.size(key) == 34
        assert get(store, key) == data
        assert store.sweep_partials(EVERYTHING) == 0

    def test_an_empty_object_is_an_object(self, store: ObjectStore, key: str) -> None:
        with store.sink(key) as sink:
            pass
        assert (sink.size, sink.sha256) == (0, hashlib.sha256().hexdigest())
        assert store.size(key) == 0
        assert get(store, key) == b""

    @settings(max_examples=60, deadline=None)
    @given(chunks=st.lists(st.binary(max_size=3 * PART_SIZE), max_size=8))
    def test_any_chunking_gives_the_same_object(
        self, store: ObjectStore, chunks: list[bytes]
    ) -> None:
        data = b"".join(chunks)
        with store.sink("chunks/any.bin") as sink:
            for chunk in chunks:
                sink.write(chunk)
        assert (sink.size, sink.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert get(store, "chunks/any.bin") == data

    def test_one_write_of_many_parts(self, store: ObjectStore, key: str) -> None:
        data = bytes(range(256)) * 40
        put(store, key, data)
        assert get(store, key) == data

    def test_a_reused_buffer_is_not_kept(self, store: ObjectStore, key: str) -> None:
        buffer = bytearray(b"first")
        with store.sink(key) as sink:
            sink.write(buffer)
            buffer[:] = b"other"
        assert get(store, key) == b"first"

    def test_wide_items_are_counted_in_bytes(self, store: ObjectStore, key: str) -> None:
        with store.sink(key) as sink:
            assert sink.write(memoryview(b"\1\0\2\0").cast("H")) == 4
        assert get(store, key) == b"\1\0\2\0"

    def test_a_buffer_in_front_may_own_the_sink(self, store: ObjectStore, key: str) -> None:
        rows = [b"row %d\n" % number for number in range(5000)]
        with store.sink(key) as sink, io.BufferedWriter(sink, 4096) as out:
            for row in rows:
                out.write(row)
        assert sink.size == len(b"".join(rows))
        assert get(store, key) == b"".join(rows)

    def test_a_text_layer_fits_too(self, store: ObjectStore, key: str) -> None:
        with store.sink(key) as sink, io.TextIOWrapper(io.BufferedWriter(sink), "utf-8") as out:
            out.write("grüße\n")
        with io.TextIOWrapper(store.open(key), "utf-8") as lines:
            assert list(lines) == ["grüße\n"]

    def test_closing_early_and_twice_is_harmless(self, store: ObjectStore, key: str) -> None:
        with store.sink(key) as sink:
            sink.write(b"all")
            sink.close()
            sink.close()
            with pytest.raises(ValueError, match="with block"):
                sink.write(b"more")
        sink.close()
        assert get(store, key) == b"all"

    def test_it_works_only_inside_one_with_block(self, store: ObjectStore, key: str) -> None:
        sink = store.sink(key)
        with pytest.raises(ValueError, match="with block"):
            sink.write(b"x")
        with sink, pytest.raises(ValueError, match="only once"):
            sink.__enter__()
        with pytest.raises(ValueError, match="with block"):
            sink.write(b"x")
        assert get(store, key) == b""

    def test_closing_alone_commits_nothing(self, store: ObjectStore, key: str) -> None:
        store.sink(key).close()
        assert_nothing_there(store, key)


class TestAllOrNothing:
    def test_invisible_until_complete(self, store: ObjectStore, key: str, folder: str) -> None:
        with store.sink(key) as sink:
            sink.write(b"x" * 5 * PART_SIZE)
            assert_nothing_there(store, key)
            assert list(store.list(folder)) == []
        assert store.size(key) == 5 * PART_SIZE

    @pytest.mark.parametrize("size", [0, 10, 5 * PART_SIZE])
    @pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, SystemExit, GeneratorExit])
    def test_an_exception_leaves_nothing(
        self, store: ObjectStore, key: str, size: int, error: type[BaseException]
    ) -> None:
        with pytest.raises(error):
            write_and_fail(store, key, b"x" * size, error)
        assert_nothing_there(store, key)
        assert store.sweep_partials(EVERYTHING) == 0

    def test_an_exception_behind_a_buffer_leaves_nothing(
        self, store: ObjectStore, key: str
    ) -> None:
        def write_rows_and_fail() -> None:
            with store.sink(key) as sink, io.BufferedWriter(sink, 4096) as out:
                out.write(b"x" * 5 * PART_SIZE)
                raise RuntimeError

        with pytest.raises(RuntimeError):
            write_rows_and_fail()
        assert_nothing_there(store, key)
        assert store.sweep_partials(EVERYTHING) == 0

    def test_the_old_object_stays_until_the_new_one_is_complete(
        self, store: ObjectStore, key: str
    ) -> None:
        put(store, key, b"old")
        with store.sink(key) as sink:
            sink.write(b"new" * PART_SIZE)
            assert get(store, key) == b"old"
        assert get(store, key) == b"new" * PART_SIZE

    def test_the_old_object_survives_a_failed_new_one(self, store: ObjectStore, key: str) -> None:
        put(store, key, b"old")
        with pytest.raises(RuntimeError):
            write_and_fail(store, key, b"new" * PART_SIZE, RuntimeError)
        assert get(store, key) == b"old"

    def test_a_swallowed_write_error_still_aborts(
        self, store: ObjectStore, key: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(data: memoryview) -> None:
            raise StorageError("no")

        def write_and_swallow() -> None:
            with store.sink(key) as sink:
                sink.write(b"x" * 5 * PART_SIZE)
                monkeypatch.setattr(sink, "_put", fail)
                with pytest.raises(StorageError):
                    sink.write(b"y")

        with pytest.raises(StorageError, match="an earlier write failed"):
            write_and_swallow()
        assert_nothing_there(store, key)
        assert store.sweep_partials(EVERYTHING) == 0

    def test_what_a_dead_process_left_is_swept(self, store: ObjectStore, key: str) -> None:
        sink = store.sink(key)
        sink.__enter__()
        sink.write(b"x" * 5 * PART_SIZE)
        assert store.sweep_partials(EVERYTHING) == 1
        assert store.sweep_partials(EVERYTHING) == 0
        with pytest.raises(StorageError):
            sink.__exit__(None, None, None)
        assert_nothing_there(store, key)


class TestReading:
    @pytest.mark.parametrize(
        ("start", "length", "expected"),
        [
            (0, None, b"0123456789"),
            (0, 10, b"0123456789"),
            (0, 1, b"0"),
            (3, None, b"3456789"),
            (3, 4, b"3456"),
            (9, 1, b"9"),
            (8, 100, b"89"),
            (10, None, b""),
            (50, 5, b""),
            (0, 0, b""),
            (4, 0, b""),
        ],
    )
    def test_ranges_are_exact(
        self, store: ObjectStore, key: str, start: int, length: int | None, expected: bytes
    ) -> None:
        put(store, key, b"0123456789")
        with store.open(key, start=start, length=length) as stream:
            assert stream.read() == expected
            assert stream.read(1) == b""

    @pytest.mark.parametrize(("start", "length"), [(0, None), (0, 5), (3, None), (0, 0)])
    def test_ranges_of_nothing(
        self, store: ObjectStore, key: str, start: int, length: int | None
    ) -> None:
        put(store, key, b"")
        with store.open(key, start=start, length=length) as stream:
            assert stream.read() == b""

    @pytest.mark.parametrize(("start", "length"), [(-1, None), (0, -1), (-5, 3)])
    def test_negative_ranges_are_refused(
        self, store: ObjectStore, key: str, start: int, length: int | None
    ) -> None:
        put(store, key, b"0123456789")
        with pytest.raises(ValueError, match="Not a byte range"):
            store.open(key, start=start, length=length)

    def test_it_streams_in_pieces_and_closes_early(self, store: ObjectStore, key: str) -> None:
        put(store, key, b"ab\ncd\n" * PART_SIZE)
        with store.open(key) as stream:
            assert stream.read(4) == b"ab\nc"
            assert stream.readline() == b"d\n"
        stream.close()
        assert stream.closed

    @pytest.mark.parametrize("length", [None, 0, 5])
    def test_missing(self, store: ObjectStore, key: str, length: int | None) -> None:
        with pytest.raises(ObjectMissing):
            store.size(key)
        with pytest.raises(ObjectMissing):
            store.open(key, length=length)

    def test_a_folder_is_no_object(self, store: ObjectStore, key: str, folder: str) -> None:
        put(store, key, b"x")
        with pytest.raises(ObjectMissing):
            store.size(folder)
        with pytest.raises(ObjectMissing):
            store.open(folder)
        store.delete(folder)
        assert get(store, key) == b"x"
        with pytest.raises(ObjectMissing):
            store.size(f"{key}/below")


class TestKeeping:
    def test_delete_is_idempotent(self, store: ObjectStore, key: str, folder: str) -> None:
        store.delete(key)
        put(store, key, b"x")
        put(store, f"{folder}/other", b"y")
        store.delete(key)
        assert_nothing_there(store, key)
        store.delete(key)
        assert get(store, f"{folder}/other") == b"y"

    def test_list_by_prefix(self, store: ObjectStore, folder: str) -> None:
        for name, size in [("a/one", 1), ("a/only.csv", 2), ("ab", 3), ("b/c/d", 4)]:
            put(store, f"{folder}/{name}", b"x" * size)
        found = {entry.key: entry.size for entry in store.list(folder)}
        assert found == {
            f"{folder}/a/one": 1,
            f"{folder}/a/only.csv": 2,
            f"{folder}/ab": 3,
            f"{folder}/b/c/d": 4,
        }
        assert len(list(store.list(f"{folder}/a"))) == 3
        assert len(list(store.list(f"{folder}/a/"))) == 2
        assert [entry.size for entry in store.list(f"{folder}/a/onl")] == [2]
        assert list(store.list(f"{folder}/x/y")) == []
        assert found.keys() <= {entry.key for entry in store.list()}

    def test_list_tells_when_in_utc(self, store: ObjectStore, key: str) -> None:
        put(store, key, b"x")
        (found,) = store.list(key)
        assert found.modified_on.utcoffset() == timedelta(0)

    def test_check_is_content_and_leaves_nothing(self, store: ObjectStore) -> None:
        before = sorted(entry.key for entry in store.list())
        store.check()
        assert store.sweep_partials(EVERYTHING) == 0
        assert sorted(entry.key for entry in store.list()) == before


class TestKeys:
    @pytest.mark.parametrize("key", BAD_KEYS)
    def test_bad_keys_are_refused_everywhere(self, store: ObjectStore, key: str) -> None:
        with pytest.raises(ValueError, match="Not a storage key"):
            store.sink(key)
        with pytest.raises(ValueError, match="Not a storage key"):
            store.open(key)
        with pytest.raises(ValueError, match="Not a storage key"):
            store.size(key)
        with pytest.raises(ValueError, match="Not a storage key"):
            store.delete(key)
        with pytest.raises(ValueError, match="Not a storage key"):
            store.signed_url(key, filename="a", content_type="text/csv", expires_in=60)

    @pytest.mark.parametrize("prefix", BAD_PREFIXES)
    def test_bad_prefixes_are_refused(self, store: ObjectStore, prefix: str) -> None:
        with pytest.raises(ValueError, match="Not the start of a storage key"):
            list(store.list(prefix))

    @pytest.mark.parametrize("name", ["a", "A-1_b.csv.gz", "a..b", "-", "_", "0/1/2"])
    def test_good_keys(self, store: ObjectStore, folder: str, name: str) -> None:
        put(store, f"{folder}/{name}", b"x")
        assert [entry.key for entry in store.list(folder)] == [f"{folder}/{name}"]


@pytest.mark.parametrize(
    ("filename", "expected"),
    [
        ("links.csv", "attachment; filename=\"links.csv\"; filename*=UTF-8''links.csv"),
        (
            'räp"ort\r\n.csv',
            "attachment; filename=\"r_p_ort.csv\"; filename*=UTF-8''r%C3%A4p%22ort.csv",
        ),
        (
            "a/b\\c;d%41.csv",
            "attachment; filename=\"a_b_c;d_41.csv\"; filename*=UTF-8''a_b%5Cc%3Bd%2541.csv",
        ),
        ("\u202egnp.exe", "attachment; filename=\"gnp.exe\"; filename*=UTF-8''gnp.exe"),
        ("\ud800\r\n\0", "attachment; filename=\"download\"; filename*=UTF-8''download"),
    ],
)
def test_attachment_is_safe_for_any_filename(filename: str, expected: str) -> None:
    assert attachment(filename) == expected

"""Test the store of files: durable, private, clear about a full or closed disk."""

from __future__ import annotations

import errno
import json
import os
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from tasks import storage
from tasks.storage import ObjectMissing, StorageError, StorageFull, object_store, store_from_url
from tasks.storage.local import LocalStore

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "not" / "yet" / "there"


@pytest.fixture
def store(root: Path) -> LocalStore:
    return LocalStore(root)


def put(store: LocalStore, key: str, data: bytes) -> None:
    with store.sink(key) as sink:
        sink.write(data)


def get(store: LocalStore, key: str) -> bytes:
    with store.open(key) as stream:
        return stream.read()


def files(root: Path) -> list[str]:
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file())


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def failing(error: int) -> Callable[..., Any]:
    def fail(*args: Any, **kwargs: Any) -> Any:
        raise OSError(error, os.strerror(error))

    return fail


class TestDurability:
    def test_data_is_on_disk_before_the_name_and_the_name_before_the_end(
        self, store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        events: list[str] = []
        real_fsync, real_replace = os.fsync, os.replace

        def fsync(fd: int) -> None:
            inode = os.fstat(fd).st_ino
            paths = [root, *root.rglob("*")]
            path = next(path for path in paths if path.stat().st_ino == inode)
            parent = path.relative_to(root).parts[:1]
            events.append("sync data" if parent == (".partial",) else f"sync {path.name}")
            real_fsync(fd)

        def replace(source: Path, target: Path) -> None:
            events.append(f"place {Path(target).relative_to(root)}")
            real_replace(source, target)

        monkeypatch.setattr(os, "fsync", fsync)
        monkeypatch.setattr(os, "replace", replace)
        put(store, "jobs/jb_1/links.csv", b"x")
        assert events == [
            "sync data",
            "place jobs/jb_1/links.csv",
            "sync there",
            "sync jobs",
            "sync jb_1",
        ]

    @pytest.mark.parametrize("failing_sync", [1, 2, 3])
    def test_what_cannot_be_made_durable_is_not_there(
        self, store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch, failing_sync: int
    ) -> None:
        calls: list[int] = []

        def fsync(fd: int) -> None:
            calls.append(fd)
            if len(calls) == failing_sync:
                raise OSError(errno.EIO, "Input/output error")

        monkeypatch.setattr(os, "fsync", fsync)
        with pytest.raises(StorageError, match=r"Cannot store 'a/b\.csv': Input/output error"):
            put(store, "a/b.csv", b"x")
        assert files(root) == []

    def test_short_writes_are_continued(
        self, store: LocalStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real_write = os.write
        monkeypatch.setattr(os, "write", lambda fd, data: real_write(fd, data[:3]))
        put(store, "a.csv", b"0123456789")
        assert get(store, "a.csv") == b"0123456789"

    def test_files_and_folders_are_private(self, store: LocalStore, root: Path) -> None:
        before = os.umask(0)
        try:
            with store.sink("a/b/c.csv") as sink:
                sink.write(b"x")
                (partial,) = (root / ".partial").iterdir()
                assert mode(partial) == 0o600
        finally:
            os.umask(before)
        assert mode(root / "a/b/c.csv") == 0o600
        for folder in (root, root / ".partial", root / "a", root / "a/b"):
            assert mode(folder) == 0o700


class TestFullDisk:
    @pytest.mark.parametrize("error", [errno.ENOSPC, errno.EDQUOT])
    def test_it_is_said_clearly_and_nothing_stays(
        self, store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch, error: int
    ) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(os, "write", failing(error))
            with pytest.raises(StorageFull) as caught:
                put(store, "a/b.csv", b"x")
        assert str(caught.value) == (
            "Cannot store 'a/b.csv': no space left; free some and try again"
        )
        assert files(root) == []
        put(store, "a/b.csv", b"x")
        assert get(store, "a/b.csv") == b"x"

    def test_a_disk_that_fills_up_on_the_last_sync(
        self, store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "fsync", failing(errno.ENOSPC))
        with pytest.raises(StorageFull):
            put(store, "a/b.csv", b"x")
        assert files(root) == []

    def test_a_real_one(self, tmp_path: Path) -> None:
        outcome = run_on_small_disk(tmp_path)
        assert outcome == {
            "error": "StorageFull",
            "left": [],
            "stored": 100_000,
        }


SMALL_DISK = """
import json, sys
from pathlib import Path
from tasks.storage.base import StorageError
from tasks.storage.local import LocalStore

root = Path(sys.argv[1])
store, error = LocalStore(root), ""
try:
    with store.sink("a/big.csv") as sink:
        for _ in range(100):
            sink.write(bytes(100_000))
except StorageError as caught:
    error = type(caught).__name__
left = [path.name for path in root.rglob("*") if path.is_file()]
with store.sink("a/small.csv") as sink:
    sink.write(bytes(100_000))
print(json.dumps({"error": error, "left": left, "stored": store.size("a/small.csv")}))
"""


def run_on_small_disk(folder: Path) -> Any:
    """Run the script on a tmpfs of 1 MiB that only it sees; skip where none may be mounted."""
    mount = 'mount -t tmpfs -o size=1m tmpfs "$1" || exit 77; exec "$2" -c "$3" "$1"'
    command = ["unshare", "-rm", "sh", "-c", mount, "sh", str(folder), sys.executable, SMALL_DISK]
    try:
        done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("no unshare here")
    if done.returncode == 77 or done.stderr.startswith("unshare:"):
        pytest.skip("mounting is not allowed here")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class TestUnusableFolder:
    def test_a_file_in_the_way(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        store = LocalStore(tmp_path / "file" / "store")
        with pytest.raises(StorageError) as caught:
            store.check()
        assert str(caught.value) == (
            f"Cannot write to the storage folder {tmp_path}/file/store: Not a directory"
        )
        with pytest.raises(StorageError, match=r"Cannot store 'a\.csv': Not a directory"):
            put(store, "a.csv", b"x")
        assert list(store.list()) == []

    def test_a_closed_folder(self, store: LocalStore, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(tempfile, "mkstemp", failing(errno.EACCES))
        with pytest.raises(StorageError, match=r"storage folder .*: Permission denied$"):
            store.check()

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_a_really_closed_folder(self, tmp_path: Path) -> None:
        tmp_path.chmod(0o500)
        with pytest.raises(StorageError, match=r"storage folder .*: Permission denied$"):
            LocalStore(tmp_path).check()

    def test_a_folder_that_cannot_be_read_is_not_an_empty_one(
        self, store: LocalStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        put(store, "a.csv", b"x")
        monkeypatch.setattr(os, "scandir", failing(errno.EACCES))
        with pytest.raises(StorageError, match="Cannot list the storage folder: Permission denied"):
            list(store.list())

    def test_an_object_cannot_be_a_folder_as_well(self, store: LocalStore, root: Path) -> None:
        put(store, "a/b", b"x")
        with pytest.raises(StorageError, match="Cannot store 'a'"):
            put(store, "a", b"y")
        with pytest.raises(StorageError, match="Cannot store 'a/b/c'"):
            put(store, "a/b/c", b"y")
        assert files(root) == ["a/b"]


class TestFolders:
    def test_delete_prunes_what_it_leaves_empty(self, store: LocalStore, root: Path) -> None:
        put(store, "a/b/c/one", b"x")
        put(store, "a/two", b"x")
        store.delete("a/b/c/one")
        assert not (root / "a/b").exists()
        store.delete("a/two")
        assert not (root / "a").exists()
        assert root.exists()

    def test_a_folder_pruned_under_a_sink_is_made_again(
        self, store: LocalStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real_replace = os.replace
        attempts: list[str] = []

        def replace(source: Path, target: Path) -> None:
            attempts.append("replace")
            if len(attempts) < 3:
                Path(target).parent.rmdir()
            real_replace(source, target)

        monkeypatch.setattr(os, "replace", replace)
        put(store, "a/b/c.csv", b"x")
        assert get(store, "a/b/c.csv") == b"x"
        assert attempts == ["replace"] * 3

    def test_sinks_and_deletes_in_one_folder(
        self, store: LocalStore, root: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(os, "fsync", lambda fd: None)

        def come_and_go(name: int) -> None:
            for _ in range(200):
                put(store, f"a/b/c/{name}", b"x")
                store.delete(f"a/b/c/{name}")

        with ThreadPoolExecutor(4) as threads:
            assert list(threads.map(come_and_go, range(4))) == [None] * 4
        assert [path.name for path in root.iterdir()] == [".partial"]

    def test_a_reader_outlives_its_object(self, store: LocalStore) -> None:
        put(store, "a.csv", b"0123456789")
        with store.open("a.csv") as stream:
            store.delete("a.csv")
            assert stream.read() == b"0123456789"

    def test_an_object_cut_short_while_read(self, store: LocalStore, root: Path) -> None:
        put(store, "a.csv", b"0123456789")
        with store.open("a.csv") as stream:
            os.truncate(root / "a.csv", 4)
            assert stream.read(4) == b"0123"
            with pytest.raises(StorageError, match="ended 6 bytes early"):
                stream.read(1)

    def test_list_leaves_out_what_is_not_ours(self, store: LocalStore, root: Path) -> None:
        put(store, "a/one", b"x")
        (root / ".DS_Store").touch()
        (root / "a" / "with space").touch()
        (root / "a" / "b c").mkdir()
        (root / "a" / "b c" / "two").touch()
        with store.sink("a/three") as sink:
            sink.write(b"x")
            assert [entry.key for entry in store.list()] == ["a/one"]

    def test_nothing_to_list_or_sweep_before_the_first_object(self, store: LocalStore) -> None:
        assert list(store.list()) == []
        assert store.sweep_partials(timedelta(0)) == 0

    def test_sweep_spares_what_was_written_to_lately(self, store: LocalStore, root: Path) -> None:
        with store.sink("a/one") as sink:
            sink.write(b"x")
            (partial,) = (root / ".partial").iterdir()
            hours_ago = time.time() - 7200
            os.utime(partial, (hours_ago, hours_ago))
            assert store.sweep_partials(timedelta(hours=3)) == 0
            sink.write(b"y")
            assert store.sweep_partials(timedelta(hours=1)) == 0
        assert get(store, "a/one") == b"xy"

    def test_it_has_no_signed_urls(self, store: LocalStore) -> None:
        url = store.signed_url("a", filename="a.csv", content_type="text/csv", expires_in=60)
        assert url is None


class TestUrls:
    @pytest.fixture(autouse=True)
    def _fresh_cache(self) -> Iterator[None]:
        storage._cached_store.cache_clear()
        yield
        storage._cached_store.cache_clear()

    def test_a_folder(self, tmp_path: Path) -> None:
        store = store_from_url(f"file://{tmp_path}/my%20files")
        assert isinstance(store, LocalStore)
        with store.sink("a/b") as sink:
            sink.write(b"x")
        assert (tmp_path / "my files" / "a" / "b").read_bytes() == b"x"

    @pytest.mark.parametrize("url", ["", "/srv/files", "ftp://host/x", "FILES:///x", "gs://b"])
    def test_unknown_schemes(self, url: str) -> None:
        with pytest.raises(ImproperlyConfigured) as caught:
            store_from_url(url)
        assert str(caught.value) == (
            "STORAGE_URL is not usable: it must start with one of file, s3, then ://"
        )

    @pytest.mark.parametrize(
        "url",
        ["file://relative/x", "file:x", "file://", "file:///", "file:///x?a=b", "file:///x#a"],
    )
    def test_bad_folders(self, url: str) -> None:
        with pytest.raises(ImproperlyConfigured, match=r"written as file:///absolute/folder$"):
            store_from_url(url)

    def test_one_store_per_setting(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        chosen = SimpleNamespace(STORAGE_URL=f"file://{tmp_path}/one")
        monkeypatch.setattr(storage, "settings", chosen)
        first = object_store()
        assert object_store() is first
        chosen.STORAGE_URL = f"file://{tmp_path}/two"
        assert object_store() is not first

    def test_a_forked_worker_gets_its_own(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        chosen = SimpleNamespace(STORAGE_URL=f"file://{tmp_path}")
        monkeypatch.setattr(storage, "settings", chosen)
        first = object_store()
        child = os.fork()
        if not child:
            os._exit(0 if object_store() is not first else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert object_store() is first

    def test_a_folder_does_not_load_boto3(self) -> None:
        script = (
            "import sys; from tasks.storage import store_from_url;"
            "store_from_url('file:///x'); sys.exit('boto3' in sys.modules)"
        )
        done = subprocess.run([sys.executable, "-c", script], cwd=PROJECT, check=False)
        assert done.returncode == 0


def test_missing_names_the_key(store: LocalStore) -> None:
    with pytest.raises(ObjectMissing) as caught:
        store.open("a/b.csv")
    assert str(caught.value) == "Cannot find 'a/b.csv': No such file or directory"

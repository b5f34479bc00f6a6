"""Store objects as files below one folder of this machine."""

from __future__ import annotations

import errno
import io
import os
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Self
from urllib.parse import SplitResult, unquote

from tasks.storage.base import (
    READ_BUFFER,
    ObjectMissing,
    ObjectStore,
    Reader,
    Sink,
    StorageError,
    StorageFull,
    StoredObject,
    check_range,
    checked_key,
    checked_prefix,
    is_key,
)

_PARTIALS = ".partial"
_FOLDER_MODE = 0o700
_PLACE_ATTEMPTS = 100
_PROBE_BYTES = 64 * 1024


@contextmanager
def _os_errors(action: str, *, missing: type[StorageError] = StorageError) -> Iterator[None]:
    """Turn OSErrors into StorageErrors that name the failed `action`; `missing` is for no file."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise missing(f"Cannot {action}: {error.strerror}") from error
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StorageFull(f"Cannot {action}: no space left; free some and try again") from error
        raise StorageError(f"Cannot {action}: {error.strerror}") from error


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def _raise_unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | NotADirectoryError):
        raise error


class LocalSink(Sink):
    """Write a temporary file, and rename it once it is complete and on disk."""

    def __init__(self, root: Path, key: str) -> None:
        super().__init__()
        self._root = root
        self._target = root / key
        self._action = f"store {key!r}"
        self._fd: int | None = None
        self._temporary: Path | None = None
        self._is_placed = False

    def _begin(self) -> None:
        with _os_errors(self._action):
            self._fd, self._temporary = _new_partial(self._root)

    def _put(self, data: memoryview) -> None:
        assert self._fd is not None
        with _os_errors(self._action):
            while data:
                data = data[os.write(self._fd, data) :]

    def _commit(self) -> None:
        assert self._fd is not None
        with _os_errors(self._action):
            os.fsync(self._fd)
            self._close_file()
            self._place()
            # All of them: another sink may have made one that is not synced yet.
            for folder in self._folders():
                _sync_folder(folder)

    def _abort(self) -> None:
        with suppress(OSError):
            self._close_file()
        with suppress(OSError):
            if self._temporary is not None:
                self._temporary.unlink()
        with suppress(OSError):
            if self._is_placed:
                self._target.unlink()

    def _close_file(self) -> None:
        # Forget the number first: closing it twice could close another file.
        fd, self._fd = self._fd, None
        if fd is not None:
            os.close(fd)

    def _folders(self) -> list[Path]:
        """Return the folders from the root down to the one that holds the object."""
        below = self._target.relative_to(self._root).parents
        return [self._root / folder for folder in reversed(below)]

    def _place(self) -> None:
        assert self._temporary is not None
        for _ in range(_PLACE_ATTEMPTS):
            # Another delete may prune a folder between making it and moving into it.
            with suppress(FileNotFoundError):
                for folder in self._folders():
                    # Not exist_ok, which fails when the folder is pruned meanwhile.
                    with suppress(FileExistsError):
                        folder.mkdir(mode=_FOLDER_MODE)
                self._temporary.replace(self._target)
                self._is_placed = True
                return
        raise StorageError(f"Cannot {self._action}: its folder or its data keeps vanishing")


def _new_partial(root: Path) -> tuple[int, Path]:
    """Open an empty temporary file (0600) that a rename can move anywhere below `root`."""
    folder = root / _PARTIALS
    root.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    folder.mkdir(mode=_FOLDER_MODE, exist_ok=True)
    fd, name = tempfile.mkstemp(dir=folder)
    return fd, Path(name)


class LocalReader(Reader):
    """Read `length` bytes of an open file."""

    def __init__(self, source: io.FileIO, length: int) -> None:
        super().__init__(length)
        self._source = source

    def close(self) -> None:
        """Close the file too."""
        self._source.close()
        super().close()

    def _read(self, size: int) -> bytes:
        with _os_errors("read a stored file"):
            return self._source.read(size) or b""


class LocalStore(ObjectStore):
    """Store objects as files (0600) in folders (0700) below `root`, durable once visible.

    Unlike on S3, `a` and `a/b` cannot both be objects: the second one raises StorageError.
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    @classmethod
    def from_url(cls, url: SplitResult) -> Self:
        """Build from `file:///absolute/folder`, percent-encoded where needed."""
        root = Path(unquote(url.path))
        if url.netloc or url.query or url.fragment or not root.is_absolute() or root == Path("/"):
            raise ValueError("a folder is written as file:///absolute/folder")
        return cls(root)

    def sink(self, key: str) -> LocalSink:
        """Return a writer of the object `key`."""
        return LocalSink(self._root, checked_key(key))

    def open(self, key: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
        """Open the object or a range of it; it stays readable when deleted."""
        check_range(start, length)
        available = max(0, self._stat(key).st_size - start)
        with _os_errors(f"open {key!r}", missing=ObjectMissing):
            source = io.FileIO(self._path(key))
            source.seek(start)
        count = available if length is None else min(length, available)
        return io.BufferedReader(LocalReader(source, count), READ_BUFFER)

    def size(self, key: str) -> int:
        """Return the size of the object in bytes."""
        return self._stat(key).st_size

    def delete(self, key: str) -> None:
        """Remove the object and the folders this leaves empty."""
        path = self._path(key)
        with suppress(ObjectMissing), _os_errors(f"delete {key!r}", missing=ObjectMissing):
            self._stat(key)
            path.unlink()
        with suppress(OSError):  # up to the first folder that is not empty
            for folder in path.relative_to(self._root).parents[:-1]:
                (self._root / folder).rmdir()

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield the finished objects, walking only the folder that `prefix` names."""
        top = self._root / checked_prefix(prefix).rpartition("/")[0]
        with _os_errors("list the storage folder"):
            for folder, folders, names in os.walk(top, onerror=_raise_unless_gone):
                folders[:] = [name for name in folders if is_key(name)]
                for name in names:
                    key = Path(folder, name).relative_to(self._root).as_posix()
                    if is_key(key) and key.startswith(prefix):
                        yield from self._found(key)

    def sweep_partials(self, older_than: timedelta) -> int:
        """Remove temporary files not written to for `older_than`."""
        limit = time.time() - older_than.total_seconds()
        swept = 0
        with _os_errors("sweep the storage folder"):
            for partial in (self._root / _PARTIALS).glob("*"):
                with suppress(FileNotFoundError):
                    if partial.stat().st_mtime < limit:
                        partial.unlink()
                        swept += 1
        return swept

    def signed_url(
        self, key: str, *, filename: str, content_type: str, expires_in: int
    ) -> str | None:
        """Return None: the web process serves these objects itself."""
        checked_key(key)
        return None

    def check(self) -> None:
        """Write a temporary file to disk and remove it."""
        with _os_errors(f"write to the storage folder {self._root}"):
            fd, probe = _new_partial(self._root)
            try:
                with os.fdopen(fd, "wb") as file:
                    # A full disk may still have room for a name, and may fail only on sync.
                    file.write(bytes(_PROBE_BYTES))
                    file.flush()
                    os.fsync(fd)
            finally:
                probe.unlink(missing_ok=True)

    def _path(self, key: str) -> Path:
        return self._root / checked_key(key)

    def _stat(self, key: str) -> os.stat_result:
        with _os_errors(f"find {key!r}", missing=ObjectMissing):
            found = self._path(key).stat()
        if not stat.S_ISREG(found.st_mode):
            raise ObjectMissing(f"Cannot find {key!r}: not a file")
        return found

    def _found(self, key: str) -> Iterator[StoredObject]:
        """Yield the object, unless it was deleted since its name was read."""
        try:
            found = self._stat(key)
        except ObjectMissing:
            return
        yield StoredObject(key, found.st_size, datetime.fromtimestamp(found.st_mtime, UTC))

"""Define what every object store does with keys and bytes: whole objects or none, streamed."""

from __future__ import annotations

import hashlib
import io
import re
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, Self
from urllib.parse import SplitResult, quote

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer, WriteableBuffer

# No segment starts with a dot: that rules out "." and ".." and leaves dot names to the stores.
_SEGMENT = r"[A-Za-z0-9_-][A-Za-z0-9._-]*"
_KEY = re.compile(rf"{_SEGMENT}(/{_SEGMENT})*")
_PREFIX = re.compile(rf"({_SEGMENT}/)*({_SEGMENT})?")

READ_BUFFER = 1 << 20


class StorageError(Exception):
    """Report that the store failed; trying again later may help."""


class ObjectMissing(StorageError):
    """Report that there is no object under this key."""


class StorageFull(StorageError):
    """Report that the store has no room left, in words for a person."""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """Describe a finished object: its size in bytes and its last change (aware, UTC)."""

    key: str
    size: int
    modified_on: datetime


def is_key(text: str) -> bool:
    """Return whether `text` can name an object: plain segments joined by single slashes."""
    return _KEY.fullmatch(text) is not None


def checked_key(key: str) -> str:
    """Return `key`. Raises ValueError when it cannot name an object."""
    if not is_key(key):
        raise ValueError(f"Not a storage key: {key!r}")
    return key


def checked_prefix(prefix: str) -> str:
    """Return `prefix`. Raises ValueError when no key can start with it."""
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"Not the start of a storage key: {prefix!r}")
    return prefix


def check_range(start: int, length: int | None) -> None:
    """Raise ValueError for a negative start or length, both in bytes."""
    if start < 0 or (length is not None and length < 0):
        raise ValueError(f"Not a byte range: start {start}, length {length}")


def attachment(filename: str) -> str:
    """Return the Content-Disposition that downloads as `filename`, whatever it holds (RFC 6266)."""
    name = "".join(c for c in filename if c.isprintable()).replace("/", "_") or "download"
    # Old clients read only the first form, and disagree about quotes, backslashes and % in it.
    plain = re.sub(r'["\\%]|[^ -~]', "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


class Sink(io.RawIOBase, ABC):
    """Write one object, visible under its key only once it is complete.

    Takes data, from one thread at a time, only inside its `with` block. Leaving the block commits, and raises
    StorageError when that fails; leaving it by an exception aborts. `close` never commits, so a buffer in
    front may own the sink, and must be closed before the block ends:

        with store.sink(key) as sink, io.BufferedWriter(sink, 1 << 20) as out:
            cursor.copy_expert("COPY ... TO STDOUT", out)
    """

    def __init__(self) -> None:
        super().__init__()
        self.size = 0
        self._hash = hashlib.sha256()
        self._is_entered = False
        self._is_broken = False

    @property
    def sha256(self) -> str:
        """Return the hex digest of everything written so far."""
        return self._hash.hexdigest()

    def writable(self) -> bool:
        """Return True."""
        return True

    def tell(self) -> int:
        """Return the bytes written so far, as writers of footers (Parquet, zip) ask."""
        return self.size

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all of `data` and return its length. Raises StorageError and StorageFull."""
        if self.closed or not self._is_entered:
            raise ValueError("A sink takes data only inside its with block")
        view = memoryview(data).cast("B")
        try:
            self._put(view)
        except BaseException:
            # Even if the caller ignores the error, an object with a hole is never committed.
            self._is_broken = True
            raise
        self._hash.update(view)
        self.size += len(view)
        return len(view)

    def __enter__(self) -> Self:
        if self._is_entered:
            raise ValueError("A sink can be entered only once")
        self._begin()
        self._is_entered = True
        return self

    def __exit__(self, exc_type: type[BaseException] | None, *_: object) -> None:
        self.close()
        if exc_type is not None:
            self._abort()
            return
        try:
            if self._is_broken:
                raise StorageError("Not stored: an earlier write failed")
            self._commit()
        except BaseException:
            self._abort()
            raise

    @abstractmethod
    def _begin(self) -> None:
        """Prepare to take data. Raises StorageError."""

    @abstractmethod
    def _put(self, data: memoryview) -> None:
        """Store all of `data` and keep no reference to it. Raises StorageError."""

    @abstractmethod
    def _commit(self) -> None:
        """Make the object visible and durable. Raises StorageError."""

    @abstractmethod
    def _abort(self) -> None:
        """Remove everything, even what a failed commit made visible; raise nothing."""


class Reader(io.RawIOBase, ABC):
    """Read exactly `length` bytes, forward only; raise StorageError when there are fewer."""

    def __init__(self, length: int) -> None:
        super().__init__()
        self._left = length

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill `buffer` from its start and return how many bytes; 0 only at the end."""
        view = memoryview(buffer).cast("B")
        wanted = min(len(view), self._left)
        data = self._read(wanted)
        if wanted and not data:
            raise StorageError(f"The stored object ended {self._left} bytes early")
        view[: len(data)] = data
        self._left -= len(data)
        return len(data)

    @abstractmethod
    def _read(self, size: int) -> bytes:
        """Return at most `size` bytes. Raises StorageError."""


class ObjectStore(ABC):
    """Store objects by key; methods raise StorageError, and ValueError for a bad key."""

    @classmethod
    @abstractmethod
    def from_url(cls, url: SplitResult) -> Self:
        """Build the store of a split STORAGE_URL. Raises ValueError with one clear line."""

    @abstractmethod
    def sink(self, key: str) -> Sink:
        """Return a writer of the object `key`, which replaces an older one when it commits."""

    @abstractmethod
    def open(self, key: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
        """Open a stream of the object or a range, cut at its end. Raises ObjectMissing."""

    @abstractmethod
    def size(self, key: str) -> int:
        """Return the size of the object in bytes. Raises ObjectMissing."""

    @abstractmethod
    def delete(self, key: str) -> None:
        """Remove the object, if there is one."""

    @abstractmethod
    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield the finished objects whose key starts with `prefix`, in any order."""

    @abstractmethod
    def sweep_partials(self, older_than: timedelta) -> int:
        """Remove what dead sinks left, if older than any job's run; return how many."""

    @abstractmethod
    def signed_url(
        self, key: str, *, filename: str, content_type: str, expires_in: int
    ) -> str | None:
        """Return a URL that downloads the object as `filename`, or None if unsupported."""

    @abstractmethod
    def check(self) -> None:
        """Raise StorageError with one clear line when the store cannot be written to."""

    def interrupt(self) -> None:  # noqa: B027
        """Make all current and further work raise StorageError until `resume`."""

    def resume(self) -> None:  # noqa: B027
        """End an interruption, if there is one."""

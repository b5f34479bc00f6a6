"""Upload one object to S3, and convert boto's errors to StorageErrors."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tasks.storage.base import ObjectMissing, Sink, StorageError, StorageFull
from tasks.storage.s3_calls import S3Calls

PART_SIZE = 8 << 20
# Parts double in size after every 1,000. S3 takes 10,000 parts of at most 5 GiB, so an object can have
# almost 8 TiB.
PARTS_PER_SIZE = 1_000

_MISSING = {"404", "NoSuchKey", "NoSuchUpload"}
_TOKEN_NAME = "gridlink-sink"


def error_code(error: Exception) -> str:
    """Return the S3 error code, such as "NoSuchKey", or "" if S3 did not respond."""
    return str(error.response["Error"].get("Code")) if isinstance(error, ClientError) else ""


def to_storage_error(action: str, error: Exception, missing: type[StorageError]) -> StorageError:
    """Return the StorageError for one of boto's errors; see `s3_errors`."""
    if error_code(error) in _MISSING:
        return missing(f"Cannot {action}: it does not exist")
    if _status_of(error) == HTTPStatus.INSUFFICIENT_STORAGE:
        return StorageFull(f"Cannot {action}: no space left; free some and try again")
    return StorageError(f"Cannot {action}: {error}")


def _status_of(error: Exception) -> int | None:
    if not isinstance(error, ClientError):
        return None
    status: int | None = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
    return status


@contextmanager
def s3_errors(action: str, *, missing: type[StorageError] = StorageError) -> Iterator[None]:
    """Convert boto's errors to StorageErrors that name `action`, or `missing` for no object."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise to_storage_error(action, error, missing) from error


class S3Sink(Sink):
    """Upload one part while the next fills, so that at most two are in memory."""

    def __init__(self, client: Any, calls: S3Calls, bucket: str, name: str, part_size: int) -> None:
        super().__init__()
        self._client = client
        self._calls = calls
        self._object = {"Bucket": bucket, "Key": name}
        self._action = f"store {name!r} in bucket {bucket!r}"
        self._part_size = part_size
        # Distinguishes this sink's object from any other one under the key.
        self._token = secrets.token_hex(16)
        self._buffer = bytearray()
        self._outgoing = bytearray()
        self._upload_id: str | None = None
        self._parts: list[dict[str, Any]] = []
        self._in_flight: Future[dict[str, Any]] | None = None
        self._last_call: Future[Any] | None = None
        self._may_be_visible = False

    def _begin(self) -> None:
        """Do nothing: a multipart upload begins with the first full part."""

    def _put(self, data: memoryview) -> None:
        while data:
            room = self._next_part_size() - len(self._buffer)
            self._buffer += data[:room]
            data = data[room:]
            if len(self._buffer) == self._next_part_size():
                self._send_part()

    def _next_part_size(self) -> int:
        started = len(self._parts) + (self._in_flight is not None)
        return self._part_size << (started // PARTS_PER_SIZE)

    def _send_part(self) -> None:
        with s3_errors(self._action):
            if self._upload_id is None:
                created = self._call("create_multipart_upload", **self._metadata())
                self._upload_id = created["UploadId"]
            self._await_part()
            self._outgoing, self._buffer = self._buffer, bytearray()
            self._in_flight = self._calls.start(self._upload_part, len(self._parts) + 1)

    def _upload_part(self, number: int) -> dict[str, Any]:
        sent = self._client.upload_part(
            **self._object, UploadId=self._upload_id, PartNumber=number, Body=self._outgoing
        )
        return {"PartNumber": number, "ETag": sent["ETag"]}

    def _await_part(self) -> None:
        if self._in_flight is not None:
            self._parts.append(self._calls.result(self._in_flight))
            self._in_flight = None

    def _metadata(self) -> dict[str, Any]:
        return {"Metadata": {_TOKEN_NAME: self._token}}

    def _commit(self) -> None:
        if self._upload_id is not None and self._buffer:
            self._send_part()
        with s3_errors(self._action):
            self._await_part()
        self._may_be_visible = True
        try:
            self._publish()
        except (ClientError, BotoCoreError) as error:
            # Perhaps only the response was lost: completing a completed upload again fails as well.
            if not self._is_visible():
                raise to_storage_error(self._action, error, StorageError) from error

    def _publish(self) -> None:
        if self._upload_id is None:
            self._call("put_object", **self._metadata(), Body=self._buffer)
        else:
            parts = {"Parts": self._parts}
            upload = {"UploadId": self._upload_id, "MultipartUpload": parts}
            self._call("complete_multipart_upload", **upload)

    def _call(self, operation: str, **params: Any) -> Any:
        call = getattr(self._client, operation)
        self._last_call = self._calls.start(call, **self._object, **params)
        return self._calls.result(self._last_call)

    def _is_visible(self) -> bool:
        """Return whether this sink's whole object is under the key."""
        try:
            head = self._call("head_object")
        except (ClientError, BotoCoreError):
            return False
        is_mine: bool = head["Metadata"].get(_TOKEN_NAME) == self._token
        return is_mine and head["ContentLength"] == self.size

    def _abort(self) -> None:
        # A part that arrives after the abort would stay, invisible but billed: wait for running calls.
        for call in filter(None, (self._in_flight, self._last_call)):
            self._calls.wait(call)
        with suppress(StorageError):  # sweep_partials deletes what this cannot
            self._abort_upload()
            if self._may_be_visible and self._is_visible():
                with s3_errors(self._action):
                    self._call("delete_object")

    def _abort_upload(self) -> None:
        # A missing upload was completed after all, or sweep_partials deleted it.
        with suppress(ObjectMissing), s3_errors(self._action, missing=ObjectMissing):
            if self._upload_id is not None:
                self._call("abort_multipart_upload", UploadId=self._upload_id)

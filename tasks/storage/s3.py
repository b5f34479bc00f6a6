"""Store objects in an S3 bucket."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any, BinaryIO, Self
from urllib.parse import SplitResult, parse_qsl

from boto3.session import Session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from tasks.storage.base import (
    READ_BUFFER,
    ObjectMissing,
    ObjectStore,
    Reader,
    StoredObject,
    attachment,
    check_range,
    checked_key,
    checked_prefix,
    is_key,
)
from tasks.storage.s3_calls import Interrupted, S3Calls
from tasks.storage.s3_sink import PART_SIZE, S3Sink, error_code, s3_errors, to_storage_error


class S3Reader(Reader):
    """Read a response body of `length` bytes."""

    def __init__(self, body: Any, length: int, calls: S3Calls) -> None:
        super().__init__(length)
        self._body = body
        self._calls = calls

    def close(self) -> None:
        """Release the connection too."""
        self._body.close()
        super().close()

    def _read(self, size: int) -> bytes:
        with s3_errors("read a stored object"):
            try:
                data: bytes = self._calls.run(self._body.read, size)
            except Interrupted:
                # The abandoned read holds the body: to close it would be to wait for that read.
                self._body = io.BytesIO()
                raise
        return data


def _endpoint(given: dict[str, str], name: str) -> str | None:
    """Remove `name` from `given` and return it. Raises ValueError for no http(s) URL."""
    endpoint = given.pop(name, None)
    if endpoint is not None and not endpoint.startswith(("http://", "https://")):
        raise ValueError(f"{name} must be an http(s) URL")
    return endpoint


class S3Store(ObjectStore):
    """Store objects in `bucket` below `prefix`, all of which is the store's.

    boto3 finds the credentials. `public_url` is the endpoint for browsers, if it is not `endpoint_url`.
    """

    def __init__(
        self,
        bucket: str,
        prefix: str = "",
        *,
        endpoint_url: str | None = None,
        public_url: str | None = None,
        region: str | None = None,
        part_size: int = PART_SIZE,
    ) -> None:
        self._bucket = bucket
        self._root = f"{checked_key(prefix)}/" if prefix else ""
        self._endpoint_url = endpoint_url
        self._public_url = public_url or endpoint_url
        self._region = region
        self._part_size = part_size
        self._calls = S3Calls()

    @classmethod
    def from_url(cls, url: SplitResult) -> Self:
        """Build from `s3://bucket/prefix?endpoint=…&public_endpoint=…&region=…`, all optional."""
        if not url.netloc or "@" in url.netloc:
            raise ValueError("it is s3://bucket/prefix, with credentials in AWS_* variables")
        given = dict(parse_qsl(url.query))
        store = cls(
            url.netloc,
            url.path.strip("/"),
            endpoint_url=_endpoint(given, "endpoint"),
            public_url=_endpoint(given, "public_endpoint"),
            region=given.pop("region", None),
        )
        if given:
            raise ValueError(f"unknown parameter {min(given)!r}")
        return store

    @cached_property
    def _client(self) -> Any:
        client = self._new_client(self._endpoint_url)
        self._calls.watch(client)
        return client

    @cached_property
    def _signer(self) -> Any:
        return self._new_client(self._public_url)

    def _new_client(self, endpoint_url: str | None) -> Any:
        config = Config(
            connect_timeout=5,
            read_timeout=30,
            retries={"mode": "standard", "total_max_attempts": 4},
            signature_version="s3v4",
            # Own endpoints rarely have DNS for buckets as host names. On AWS, signed URLs without
            # the bucket's host name fail for new buckets.
            s3={"addressing_style": "path" if endpoint_url else "virtual"},
            # Other stores than AWS reject the newer trailing checksums.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )
        session = Session(region_name=self._region)
        with s3_errors("set up the S3 client"):
            return session.client("s3", endpoint_url=endpoint_url, config=config)

    def sink(self, key: str) -> S3Sink:
        """Return a writer of the object `key`."""
        return S3Sink(self._client, self._calls, self._bucket, self._name(key), self._part_size)

    def open(self, key: str, *, start: int = 0, length: int | None = None) -> BinaryIO:
        """Open the object or a range of it, in one request."""
        check_range(start, length)
        if length == 0:
            self.size(key)  # S3 has no way to ask for nothing
            return io.BytesIO()
        return io.BufferedReader(self._reader(key, start, length), READ_BUFFER)

    def _reader(self, key: str, start: int, length: int | None) -> S3Reader:
        last = "" if length is None else start + length - 1
        wanted = {"Range": f"bytes={start}-{last}"} if start or length else {}
        try:
            found = self._call("get_object", **self._object(key), **wanted)
        except (ClientError, BotoCoreError) as error:
            if error_code(error) == "InvalidRange":  # the range starts at the end or after it
                return S3Reader(io.BytesIO(), 0, self._calls)
            raise to_storage_error(f"read {key!r}", error, ObjectMissing) from error
        return S3Reader(found["Body"], found["ContentLength"], self._calls)

    def size(self, key: str) -> int:
        """Return the size of the object in bytes."""
        with s3_errors(f"find {key!r}", missing=ObjectMissing):
            found = self._call("head_object", **self._object(key))
        return int(found["ContentLength"])

    def delete(self, key: str) -> None:
        """Remove the object."""
        with suppress(ObjectMissing), s3_errors(f"delete {key!r}", missing=ObjectMissing):
            self._call("delete_object", **self._object(key))

    def list(self, prefix: str = "") -> Iterator[StoredObject]:
        """Yield the finished objects, a thousand per request."""
        for found in self._pages("list_objects_v2", "Contents", checked_prefix(prefix)):
            key = found["Key"].removeprefix(self._root)
            if is_key(key):
                yield StoredObject(key, found["Size"], found["LastModified"].astimezone(UTC))

    def sweep_partials(self, older_than: timedelta) -> int:
        """Abort multipart uploads begun more than `older_than` ago."""
        limit = datetime.now(UTC) - older_than
        swept = 0
        for upload in self._pages("list_multipart_uploads", "Uploads", ""):
            if upload["Initiated"] >= limit:
                continue
            name = {"Bucket": self._bucket, "Key": upload["Key"]}
            with (
                suppress(ObjectMissing),
                s3_errors("abort an unfinished upload", missing=ObjectMissing),
            ):
                self._call("abort_multipart_upload", **name, UploadId=upload["UploadId"])
                swept += 1
        return swept

    def _pages(self, operation: str, field: str, prefix: str) -> Iterator[dict[str, Any]]:
        with s3_errors(f"list bucket {self._bucket!r}"):
            paginator = self._client.get_paginator(operation)
            pages = iter(paginator.paginate(Bucket=self._bucket, Prefix=self._root + prefix))
            while page := self._calls.run(next, pages, None):
                yield from page.get(field, ())

    def signed_url(
        self, key: str, *, filename: str, content_type: str, expires_in: int
    ) -> str | None:
        """Return a URL signed for GET of this object, without a request."""
        params = {
            **self._object(key),
            "ResponseContentDisposition": attachment(filename),
            "ResponseContentType": content_type,
        }
        with s3_errors(f"sign a URL for {key!r}"):
            return str(
                self._signer.generate_presigned_url("get_object", params, ExpiresIn=expires_in)
            )

    def check(self) -> None:
        """Begin and abort an upload, which needs write access."""
        name = {"Bucket": self._bucket, "Key": self._root + ".check"}
        with s3_errors(f"write to bucket {self._bucket!r}"):
            begun = self._call("create_multipart_upload", **name)
            self._call("abort_multipart_upload", **name, UploadId=begun["UploadId"])

    def interrupt(self) -> None:
        """Abandon the requests that are under way, and refuse others until `resume`."""
        self._calls.interrupt()

    def resume(self) -> None:
        """Make requests again."""
        self._calls.resume()

    def _call(self, operation: str, **params: Any) -> Any:
        return self._calls.run(getattr(self._client, operation), **params)

    def _name(self, key: str) -> str:
        return self._root + checked_key(key)

    def _object(self, key: str) -> dict[str, Any]:
        return {"Bucket": self._bucket, "Key": self._name(key)}

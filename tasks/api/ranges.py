"""Files over HTTP: whole, or one byte range of them (RFC 9110, section 14)."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from typing import BinaryIO

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from rest_framework.request import Request

from gridlink.lib.errors import ApplicationError, Gone
from tasks.errors import StorageUnavailable
from tasks.models import JobFile
from tasks.storage import ObjectMissing, ObjectStore, StorageError

logger = logging.getLogger(__name__)
_RANGE = re.compile(r"\Abytes=([0-9]{0,18})-([0-9]{0,18})\Z")
_CHUNK = 256 * 1024


class RangeNotSatisfiable(ApplicationError):
    """The range begins after the file's end."""

    status = 416
    code = "range_not_satisfiable"


def file_response(request: Request, file: JobFile, store: ObjectStore) -> HttpResponseBase:
    """200 with the file, or 206 with the asked part. Raises RangeNotSatisfiable, Gone, StorageUnavailable."""
    wanted = _wanted(request, file)
    start, stop = wanted or (0, file.size)
    response: HttpResponseBase
    if request.method == "HEAD":
        response = HttpResponse()
    else:
        source = _opened(store, file.storage_key, start, stop)
        response = StreamingHttpResponse(_chunks(source))
    response.status_code = 206 if wanted else 200
    if wanted:
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
    response["Content-Length"] = str(stop - start)
    response["Content-Type"] = file.content_type
    response["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = f'"{file.sha256}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _wanted(request: Request, file: JobFile) -> tuple[int, int] | None:
    """The asked half-open range; None for the whole file, which is the right answer to a range that is
    malformed, in several parts, or of another version of the file."""
    # A range means something with GET only (RFC 9110, 14.2).
    asked = request.headers.get("Range", "") if request.method == "GET" else ""
    match = _RANGE.match(asked.replace(" ", ""))
    condition = request.headers.get("If-Range", "")
    if not match or (condition and condition != f'"{file.sha256}"'):
        return None
    first, last = match.groups()
    if not first and not last:
        return None
    if not first:
        start, stop = max(0, file.size - int(last)), file.size
    else:
        start, stop = int(first), min(int(last) + 1, file.size) if last else file.size
        if last and int(last) < start:
            return None
    if start >= stop:
        raise RangeNotSatisfiable(
            f"The file has {file.size} bytes.", headers={"Content-Range": f"bytes */{file.size}"}
        )
    return start, stop


def _opened(store: ObjectStore, key: str, start: int, stop: int) -> BinaryIO:
    try:
        return store.open(key, start=start, length=stop - start)
    except ObjectMissing as error:
        raise Gone("The file is no longer there.") from error
    except StorageError as error:
        logger.error("file_not_opened", exc_info=error)
        raise StorageUnavailable from error


def _chunks(source: BinaryIO) -> Iterator[bytes]:
    with source:
        while chunk := source.read(_CHUNK):
            yield chunk

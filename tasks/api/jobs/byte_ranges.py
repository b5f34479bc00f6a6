"""Answer with a file, or with one byte range of it (RFC 9110, section 14)."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from typing import BinaryIO

from django.http import HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header
from rest_framework.request import Request

from gridlink.lib.errors import ApplicationError, Gone
from tasks.jobs.errors import StorageUnavailable
from tasks.models import JobFile
from tasks.storage import ObjectMissing, ObjectStore, StorageError

NO_STORE = "private, no-store"
logger = logging.getLogger(__name__)
_RANGE = re.compile(r"\Abytes=([0-9]{0,18})-([0-9]{0,18})\Z")


class RangeNotSatisfiable(ApplicationError):
    """Report that the range starts after the file's end."""

    status = 416
    code = "range_not_satisfiable"


def file_response(
    file: JobFile, wanted: tuple[int, int] | None, body: Iterable[bytes] | None
) -> HttpResponseBase:
    """Answer 200 with the file, or 206 with the `wanted` part; without `body` only headers."""
    start, stop = wanted or (0, file.size)
    response: HttpResponseBase
    response = HttpResponse() if body is None else StreamingHttpResponse(body)
    response.status_code = 206 if wanted else 200
    if wanted:
        response["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
    response["Content-Length"] = str(stop - start)
    response["Content-Type"] = file.content_type
    response["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
    response["Accept-Ranges"] = "bytes"
    response["ETag"] = f'"{file.sha256}"'
    response["Cache-Control"] = NO_STORE
    return response


def wanted_range(request: Request, file: JobFile) -> tuple[int, int] | None:
    """Return the requested half-open range; None for the whole file. Raises RangeNotSatisfiable.

    The whole file answers a range that is malformed, has several parts, or is of another version.
    """
    # RFC 9110, 14.2: only GET has ranges.
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


def open_file(store: ObjectStore, file: JobFile, wanted: tuple[int, int] | None) -> BinaryIO:
    """Open the file or the `wanted` part of it. Raises Gone and StorageUnavailable."""
    start, stop = wanted or (0, file.size)
    try:
        return store.open(file.storage_key, start=start, length=stop - start)
    except ObjectMissing as error:
        raise Gone("The file is no longer there.") from error
    except StorageError as error:
        logger.error("file_not_opened", exc_info=error)
        raise StorageUnavailable from error

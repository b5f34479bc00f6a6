"""Start checks of links, and read the metadata of a page."""

from __future__ import annotations

from collections.abc import Iterable
from threading import BoundedSemaphore

from django.conf import settings

from gridlink.accounts import throttle
from gridlink.accounts.models import User
from gridlink.lib.errors import Throttled, Unprocessable
from gridlink.lib.outbound.client import Limits, outbound_client
from gridlink.lib.outbound.errors import InvalidResponse, OutboundError
from grids.access import grids_write, links_write
from grids.checks.metadata import Metadata, read_metadata
from grids.checks.runner import CHECK
from tasks.jobs.services import Submission, job_submit

# A page's title is at its beginning.
_METADATA_LIMITS = Limits(seconds=5.0, body_bytes=512 * 1024)
_ACCEPT_HTML = {"Accept": "text/html, */*;q=0.1"}
# So many threads of a web process may wait for pages; the others go on serving.
_readers = BoundedSemaphore(2)


def checks_submit(
    *, user: User, grids: Iterable[str], links: Iterable[str], idempotency_key: str = ""
) -> Submission:
    """Queue a check of links on these grids and of these links; or of all.

    All links are checked when both are empty. Raises NotFound for a grid or link that is not the user's.
    """
    params = {"grids": sorted(set(grids)), "links": sorted(set(links))}
    grids_write(user, params["grids"])
    links_write(user, params["links"])
    return job_submit(user=user, kind=CHECK, params=params, idempotency_key=idempotency_key)


def metadata_read(*, user: User, url: str) -> Metadata:
    """Read the metadata of the page at a web address.

    Raises Throttled, and Unprocessable with the code `unreachable` when no page can be read. It is no job,
    since a form asks for it while somebody types; its cost is bounded in time (5 s), bytes, requests per
    account and threads of a process.
    """
    throttle.take("metadata", user.slug, settings.METADATA_PER_ACCOUNT)
    if not _readers.acquire(blocking=False):
        raise Throttled("Too many pages are being read; try again in a second.", retry_after=1)
    try:
        page = outbound_client(_METADATA_LIMITS).follow(url, headers=_ACCEPT_HTML)
        if not 200 <= page.status < 300:
            raise InvalidResponse(f"The host answers {page.status}.")
        return read_metadata(page)
    except OutboundError as error:
        raise Unprocessable(str(error), fields={"url": [str(error)]}, code="unreachable") from error
    finally:
        _readers.release()

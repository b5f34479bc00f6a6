"""Draw the summary of a generated month as docs/summary.png.

    python -m gridlink.embedded exec --temporary -- python -m examples.sample_report docs/summary.png

With Noto Sans, which `make fonts` fetches, it looks as it does there.
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from bench.servers import database
from examples.month import LAST, days, make_month
from examples.picture import picture
from gridlink.accounts.models import User
from reports.analytics.periods import parse_period
from reports.clicks.audit.rebuild import rebuild_day
from reports.reporting.kinds.base import ReportQuery
from reports.reporting.kinds.scope import Scope
from reports.reporting.kinds.summary import Summary
from reports.reporting.renderers.base import RenderContext
from reports.reporting.renderers.pdf.renderer import PdfRenderer
from reports.reporting.results.result import Result

_CLICKS = 420
_ABOUT = RenderContext(
    made_on=datetime(2026, 11, 1, 6, tzinfo=UTC),
    run="jb_5d2c9a7e41b04f6c8a3e0f9d7b615c28",
    locale="en_GB",
)


def main() -> None:
    """Into the file that is named."""
    with database("sample"):
        result = _summary()
    document = BytesIO()
    PdfRenderer().write(result, _ABOUT, document)
    Path(sys.argv[1]).write_bytes(picture(document.getvalue()))


def _summary() -> Result:
    user = User.objects.create(username="sample")
    make_month(user, clicks=_CLICKS)
    for day in days():
        rebuild_day(day=day)
    first = LAST.replace(day=1)
    period = parse_period(since=str(first), until=str(LAST), tz="UTC", now=_ABOUT.made_on)
    return Summary(ReportQuery(user.pk, Scope(), period), {"top": 5}).result()


if __name__ == "__main__":
    main()

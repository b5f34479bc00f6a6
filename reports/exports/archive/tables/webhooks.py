"""The endpoints of webhooks. Never their secrets: whoever has an archive can sign nothing with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridlink.accounts.models import User
from gridlink.lib.weburl import URL_LENGTH, BadUrl
from reports.exports.archive.table import Field
from reports.exports.archive.tables.defined import DefinedTable, Judged, Row
from reports.exports.archive.values import BadValue, Flag, Moment, Ref, Text, Texts
from tasks.models import JOB_NOTIFICATIONS, WebhookEndpoint
from tasks.notifications.channels.webhook_secret import encrypt, new_secret
from tasks.notifications.channels.webhook_url import check_webhook_url

_NOTE = (
    "It came with an archive, which holds no secrets: rotate its secret, tell the receiver the new one, and"
    " enable it."
)


class WebhooksTable(DefinedTable):
    """One endpoint. It is restored disabled, with a secret that nobody knows yet: its owner must have a look
    at it. When it was changed last is its instance's business, and is not archived."""

    name = "webhooks"
    kind = "wh"
    model = WebhookEndpoint
    model_table = "tasks_webhook_endpoint"
    limit = "WEBHOOKS_PER_USER"
    label = "url"
    derived = frozenset({"is_enabled"})
    fields = (
        Field("slug", "endpoint.slug", Ref("wh")),
        Field("url", "endpoint.url", Text(URL_LENGTH)),
        Field("events", "endpoint.events", Texts(len(JOB_NOTIFICATIONS), 30)),
        Field("is_enabled", "endpoint.is_enabled", Flag()),
        Field("created_on", "endpoint.created_on", Moment()),
    )
    source = "FROM tasks_webhook_endpoint AS endpoint WHERE endpoint.user_id = %(user)s"
    order = "endpoint.id"
    same = "(here.url, here.events, here.created_on) = (row.url, row.events, row.created_on)"

    def check(self, row: Mapping[str, Any]) -> None:
        """Its events are some that there are, each once."""
        events = set(row["events"])
        if len(events) < len(row["events"]) or events - set(JOB_NOTIFICATIONS):
            raise BadValue(f"events are not some of: {', '.join(sorted(JOB_NOTIFICATIONS))}")

    def judge(self, user: User, row: Row) -> Judged:
        """By the address, as if it were a new one."""
        try:
            if check_webhook_url(row["url"]) != row["url"]:
                return Judged("skip", "there are spaces around its address")
        except BadUrl as error:
            return Judged("skip", str(error))
        return Judged(remark="it has a new secret and is disabled: its owner must look at it")

    def fields_of(self, row: Row) -> Row:
        """Those of the archive, a secret and a note."""
        return {
            **{name: row[name] for name in ("url", "events", "created_on")},
            "is_enabled": False,
            "secret": encrypt(new_secret()),
            "note": _NOTE,
        }

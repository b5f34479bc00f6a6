"""Archive webhook endpoints without their secrets, so that nobody can sign with an archive."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gridlink.accounts.models import User
from gridlink.lib.weburl import BadUrl
from reports.exports.archive.fields import model_fields
from reports.exports.archive.table import Table
from reports.exports.archive.tables.validated import Decision, Row, ValidatedTable
from reports.exports.archive.values import BadValue, reference, texts
from tasks.models import JOB_NOTIFICATIONS, WebhookEndpoint
from tasks.notifications.channels.webhook_secret import encrypt, new_secret
from tasks.notifications.channels.webhook_url import check_webhook_url

_NOTE = (
    "It was restored from an archive, which has no secrets: rotate its secret, give the new one to the"
    " receiver, and enable it."
)


class WebhooksTable(ValidatedTable):
    """Restore endpoints disabled, each with a new secret: the owner must set them up."""

    name = "webhooks"
    kind = "wh"
    model = WebhookEndpoint
    limit = "WEBHOOKS_PER_USER"
    label = "url"
    derived = frozenset({"is_enabled"})
    fields = model_fields(
        WebhookEndpoint,
        "endpoint",
        ("slug", "url", "events", "is_enabled", "created_on"),
        overrides={"slug": reference("wh"), "events": texts(len(JOB_NOTIFICATIONS), 30)},
    )
    left_out = Table.left_out | {
        "secret", "previous_secret", "previous_until", "failures", "failing_since", "rests_until",
        "note", "modified_on",
    }  # fmt: skip
    source = "FROM tasks_webhook_endpoint AS endpoint WHERE endpoint.user_id = %(user)s"
    order = "endpoint.id"

    def check(self, row: Mapping[str, Any]) -> None:
        """Require known events, each once."""
        events = set(row["events"])
        if len(events) < len(row["events"]) or events - set(JOB_NOTIFICATIONS):
            raise BadValue(f"events are not some of: {', '.join(sorted(JOB_NOTIFICATIONS))}")

    def validate(self, user: User, row: Row) -> Decision:
        """Check the address as that of a new endpoint."""
        try:
            if check_webhook_url(row["url"]) != row["url"]:
                return Decision("skip", "there are spaces around its address")
        except BadUrl as error:
            return Decision("skip", str(error))
        return Decision(remark="it has a new secret and is disabled: its owner must set it up")

    def model_values(self, row: Row) -> Row:
        """Return the values, disabled, with a new secret and a note."""
        return {
            **super().model_values(row),
            "is_enabled": False,
            "secret": encrypt(new_secret()),
            "note": _NOTE,
        }

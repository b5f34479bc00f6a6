"""Archive the User-Agent headers of an account's clicks and views."""

from __future__ import annotations

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from reports.clicks.enrichment.agents import USER_AGENTS, UserAgentIds
from reports.exports.archive.fields import Field, model_fields
from reports.exports.archive.table import Scope, Table
from reports.exports.archive.values import BadValue, Value, matching, text
from reports.models import UserAgent

# Not the column `digest`: that is of the bytes as they were sent, which nobody can check against the text.
_DIGEST_SQL = "encode(sha256(convert_to(agent.text, 'UTF8')), 'hex')"
# Computed once for each header, not for each click: OFFSET keeps the planner from merging the subquery.
AGENT_JOIN = f"""
LEFT JOIN (SELECT agent.id, {_DIGEST_SQL} AS digest FROM reports_user_agent AS agent OFFSET 0) AS agent
    ON agent.id = visit.user_agent_id"""
_TEXT_LENGTH = 1 << 17
_PAGE_ROWS = 1000


def digest() -> Value:
    """Accept the SHA-256 of a header's text, by which an archive names it."""
    return matching(re.compile(r"[0-9a-f]{64}"), "SHA-256")


class AgentsTable(Table):
    """Restore each header once; it is parsed anew, since other accounts share the rows."""

    name = "agents"
    model = UserAgent
    fields = (
        Field("digest", _DIGEST_SQL, digest()),
        *model_fields(
            UserAgent,
            "agent",
            ("text", "browser", "os", "device", "bot_reason", "bot_rules"),
            overrides={"text": text(_TEXT_LENGTH)},
        ),
    )
    left_out = frozenset({"id", "digest"})
    source = f"""
    FROM (SELECT DISTINCT ON ({_DIGEST_SQL}) * FROM reports_user_agent AS agent WHERE id IN (
        SELECT user_agent_id FROM reports_click
        WHERE user_id = %(user)s AND clicked_on >= %(raw_from)s
        UNION SELECT user_agent_id FROM reports_view
        WHERE user_id = %(user)s AND viewed_on >= %(raw_from)s
    ) ORDER BY {_DIGEST_SQL}, id) AS agent"""
    order = _DIGEST_SQL
    key = ("digest",)
    derived = frozenset({"browser", "os", "device", "bot_reason", "bot_rules"})
    staged = ("key integer",)

    def check(self, row: Mapping[str, Any]) -> None:
        """Require that the digest is that of the text."""
        if sha256(row["text"].encode()).hexdigest() != row["digest"]:
            raise BadValue("has a digest that is not its text's")

    def decide(self, cursor: Any, scope: Scope) -> None:
        """Create the headers that do not exist here."""
        cursor.execute("UPDATE archive_agents SET outcome = 'create', key = NULL")
        self._find(cursor)
        cursor.execute("UPDATE archive_agents SET outcome = 'unchanged' WHERE key IS NOT NULL")

    def insert(self, cursor: Any, scope: Scope) -> None:
        """Store new headers as the ingest does."""
        ids = UserAgentIds()
        for page in self.pages(cursor, "text", "outcome = 'create'", _PAGE_ROWS):
            ids.resolve([USER_AGENTS[header.encode()] for _, header in page])
        self._find(cursor)

    def _find(self, cursor: Any) -> None:
        cursor.execute(
            """
            UPDATE archive_agents AS row SET key = here.id FROM reports_user_agent AS here
            WHERE here.digest = decode(row.digest, 'hex')"""
        )

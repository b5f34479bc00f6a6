"""The User-Agent headers that the clicks and views of an account were sent with."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from hashlib import sha256
from typing import Any

from reports.clicks.enrichment.agents import USER_AGENTS, UserAgentIds
from reports.exports.archive.table import Field, Scope, Table
from reports.exports.archive.values import BadValue, Integer, Matched, Text

# An archive names a header by the SHA-256 of its text.
DIGEST = re.compile(r"[0-9a-f]{64}")
# Not the column `digest`: that is of the bytes as they were sent, which nobody can check against the text.
DIGEST_SQL = "encode(sha256(convert_to(agent.text, 'UTF8')), 'hex')"
# Made once for each header, not for each click: OFFSET keeps the planner from putting the two together.
AGENT_JOIN = f"""
LEFT JOIN (SELECT agent.id, {DIGEST_SQL} AS digest FROM reports_user_agent AS agent OFFSET 0) AS agent
    ON agent.id = visit.user_agent_id"""
_LENGTH = 1 << 17
_BATCH = 1000


class AgentsTable(Table):
    """Each header once, by the SHA-256 of its text. What it says is judged anew where it is restored: other
    accounts share these rows."""

    name = "agents"
    fields = (
        Field("digest", DIGEST_SQL, Matched(DIGEST, "SHA-256")),
        Field("text", "text", Text(_LENGTH)),
        Field("browser", "browser", Text(64)),
        Field("os", "os", Text(64)),
        Field("device", "device", Text(16)),
        Field("bot_reason", "bot_reason", Text(64)),
        Field("bot_rules", "bot_rules", Integer(0, (1 << 15) - 1)),
    )
    source = f"""
    FROM (SELECT DISTINCT ON ({DIGEST_SQL}) * FROM reports_user_agent AS agent WHERE id IN (
        SELECT user_agent_id FROM reports_click
        WHERE user_id = %(user)s AND clicked_on >= %(raw_from)s
        UNION SELECT user_agent_id FROM reports_view
        WHERE user_id = %(user)s AND viewed_on >= %(raw_from)s
    ) ORDER BY {DIGEST_SQL}, id) AS agent"""
    order = DIGEST_SQL
    key = ("digest",)
    derived = frozenset({"browser", "os", "device", "bot_reason", "bot_rules"})
    extra = ("key integer",)

    def check(self, row: Mapping[str, Any]) -> None:
        """The digest is that of the text."""
        if sha256(row["text"].encode()).hexdigest() != row["digest"]:
            raise BadValue("has a digest that is not its text's")

    def decide(self, cursor: Any, scope: Scope) -> None:
        """By what is here."""
        cursor.execute("UPDATE archive_agents SET fate = 'create', key = NULL")
        self._find(cursor)
        cursor.execute("UPDATE archive_agents SET fate = 'unchanged' WHERE key IS NOT NULL")

    def put(self, cursor: Any, scope: Scope) -> None:
        """New ones, as the ingest would have stored them."""
        ids = UserAgentIds()
        for texts in self._new(cursor):
            ids.resolve([USER_AGENTS[text.encode()] for text in texts])
        self._find(cursor)

    def _find(self, cursor: Any) -> None:
        cursor.execute(
            """
            UPDATE archive_agents AS row SET key = here.id FROM reports_user_agent AS here
            WHERE here.digest = decode(row.digest, 'hex')"""
        )

    def _new(self, cursor: Any) -> Iterator[list[str]]:
        last = 0
        while True:
            cursor.execute(
                "SELECT line, text FROM archive_agents WHERE fate = 'create' AND line > %s"
                f" ORDER BY line LIMIT {_BATCH}",
                [last],
            )
            found = cursor.fetchall()
            if not found:
                return
            last = found[-1][0]
            yield [text for _, text in found]

"""By what an archive names a User-Agent header: by what is shown of it."""

from __future__ import annotations

import re

DIGEST = re.compile(r"[0-9a-f]{64}")
# Not the column `digest`: that is of the bytes as they were sent, which nobody can check against the text.
DIGEST_SQL = "encode(sha256(convert_to(agent.text, 'UTF8')), 'hex')"
# Made once for each header, not for each click: OFFSET keeps the planner from putting the two together.
AGENT_JOIN = f"""
LEFT JOIN (SELECT agent.id, {DIGEST_SQL} AS digest FROM reports_user_agent AS agent OFFSET 0) AS agent
    ON agent.id = visit.user_agent_id"""

"""Order the columns of clicks and views as their rows are put together.

`reports.clicks.parsing` writes the fields in this order, `reports.clicks.ingest.writer` names them to COPY.
"""

from __future__ import annotations

_PLACE = ("user_id", "grid_id")
_LINK = ("link_id", "tile")
_TIME = ("visitor",)
_OUTCOME = ("verdict", "is_first_on_grid")
_DETAILS = (
    "bot_reason", "bot_rules", "flags", "user_agent_id", "country", "referrer", "language",
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
)  # fmt: skip
CLICK = (*_PLACE, *_LINK, "clicked_on", *_TIME, *_OUTCOME, "is_first_on_link", *_DETAILS)
VIEW = (*_PLACE, "viewed_on", *_TIME, *_OUTCOME, *_DETAILS)

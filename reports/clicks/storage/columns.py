"""Order the columns of clicks and views as the classifier writes their rows."""

from __future__ import annotations

_OWNER = ("user_id", "grid_id")
_OUTCOME = ("verdict", "is_first_on_grid")
_DETAILS = (
    "bot_reason", "bot_rules", "flags", "user_agent_id", "country", "referrer", "language",
    "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
)  # fmt: skip
CLICK = (
    *_OWNER, "link_id", "tile", "clicked_on", "visitor", *_OUTCOME, "is_first_on_link", *_DETAILS,
)  # fmt: skip
VIEW = (*_OWNER, "viewed_on", "visitor", *_OUTCOME, *_DETAILS)

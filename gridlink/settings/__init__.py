"""Every setting of Gridlink, read from the environment; `docs/settings.md` describes each variable.

With none of them set, the embedded PostgreSQL and Redis of `gridlink.embedded` and a local folder serve.
A value that makes no sense is refused at start, never guessed at.
"""

from __future__ import annotations

from gridlink.settings.base import *  # noqa: F403
from gridlink.settings.broker import *  # noqa: F403
from gridlink.settings.jobs import *  # noqa: F403
from gridlink.settings.mail import *  # noqa: F403
from gridlink.settings.reports import *  # noqa: F403

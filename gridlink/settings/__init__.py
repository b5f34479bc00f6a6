"""Read every setting of Gridlink from the environment; `docs/settings.md` describes each variable.

With no variable set, the embedded PostgreSQL and Redis of `gridlink.embedded` and a local folder are used.
A value that makes no sense is refused at start. A new module must be named here; a test says if it is not.
"""
# ruff: noqa: F403

from __future__ import annotations

from gridlink.settings.base import *
from gridlink.settings.broker import *
from gridlink.settings.clicks import *
from gridlink.settings.jobs import *
from gridlink.settings.mail import *
from gridlink.settings.outbound import *
from gridlink.settings.reports import *

"""The files that links come in and go out as: one module per format, all speaking base.Entry."""

from __future__ import annotations

"""Read and write files of links: one reader per format, all yielding `base.Entry`."""

from __future__ import annotations

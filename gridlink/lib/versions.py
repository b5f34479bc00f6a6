"""Optimistic concurrency: a change names the version it was made from."""

from __future__ import annotations

from gridlink.lib.errors import PreconditionFailed


def require_version(current: int, expected: int | None) -> None:
    """Raises PreconditionFailed when `expected` names another version than the current one."""
    if expected is not None and expected != current:
        raise PreconditionFailed(
            f"It changed since you read it: the version is now {current}, not {expected}.",
            headers={"ETag": f'"{current}"'},
        )

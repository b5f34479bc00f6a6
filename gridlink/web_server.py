"""Configure gunicorn, which reads this module: trust no request, and log nobody's address."""

from __future__ import annotations

import re
from typing import Any

from gunicorn import glogging

# Names what is wrong with a request by quoting it, and where it came from.
_INVALID = re.compile(r"Invalid request from ip=.*", re.DOTALL)

# By default a peer on 127.0.0.1 may set these: everybody, if the proxy in front runs on this machine and
# passes on what it gets. Django alone decides, by the setting HTTPS.
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""


class Logger(glogging.Logger):  # type: ignore[misc]
    """Log without what a client sent: its address, headers and query."""

    def warning(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Log a warning; of an invalid request only that there was one."""
        super().warning(_INVALID.sub("Invalid request", str(msg)), *args, **kwargs)

    def exception(self, msg: Any, *args: Any, **kwargs: Any) -> None:
        """Log an error with its traceback, and an address without its query."""
        super().exception(msg, *(str(value).partition("?")[0] for value in args), **kwargs)


logger_class = Logger

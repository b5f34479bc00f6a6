"""Configure structured logs: one JSON object per line, with its request or job."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

import structlog

# Their messages quote headers: the host, the origin, the referrer.
_QUOTING = "django.security"


def _without_client(logger: Any, method: str, event: MutableMapping[str, Any]) -> Any:
    """Remove what a client sent, such as a download's signature, and where it is."""
    for name in ("ip", "user_agent"):
        event.pop(name, None)
    if request := event.get("request"):
        # Django logs the request itself, django-structlog a text.
        is_text = isinstance(request, str)
        shown = request if is_text else f"{request.method} {request.path}"
        event["request"] = shown.partition("?")[0]
    if event.get("logger", "").startswith(_QUOTING):
        event["event"] = "request_refused"
        event.pop("exc_info", None)
    return event


_SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
    _without_client,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
]
_RENDERERS: dict[str, Any] = {
    "json": structlog.processors.JSONRenderer(),
    "console": structlog.dev.ConsoleRenderer(colors=False),
}


def logging_config(*, level: str, style: str) -> dict[str, Any]:
    """Configure structlog and return the LOGGING setting; `style` is json or console."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_SHARED,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "processor": _RENDERERS[style],
        "foreign_pre_chain": _SHARED,
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structured": formatter},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "structured"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # django-structlog logs requests with their id already.
            "django.request": {"level": "ERROR"},
            "django.server": {"level": "WARNING"},
            "botocore": {"level": "WARNING"},
        },
    }

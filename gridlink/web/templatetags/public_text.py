"""Write texts into pages of visitors."""

from __future__ import annotations

from django import template
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

register = template.Library()


@register.filter
def breakable(host: str) -> SafeString:
    """Allow a host to continue on the next line at each of its dots."""
    return mark_safe(escape(host).replace(".", "<wbr>."))

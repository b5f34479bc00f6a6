"""Test how texts are written into pages."""

from __future__ import annotations

from django.template import Context, Template

TEMPLATE = Template("{% load public_text %}{{ host|breakable }}")


def test_a_host_may_continue_at_each_dot_and_is_escaped() -> None:
    assert TEMPLATE.render(Context({"host": "a.b.example"})) == "a<wbr>.b<wbr>.example"
    assert TEMPLATE.render(Context({"host": "<b>.x&y"})) == "&lt;b&gt;<wbr>.x&amp;y"
    assert TEMPLATE.render(Context({"host": ""})) == ""

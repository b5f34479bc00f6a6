"""Use every endpoint of the committed OpenAPI document, with its own example bodies, on what is there."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.support.client import Client

DOCUMENT = Path(__file__).resolve().parents[2] / "docs" / "openapi.yaml"
# In this order everything is still there when it is used.
_METHODS = ("get", "put", "patch", "post", "delete")
# It would end the client's own session.
_LEFT_OUT = {("delete", "/api/v1/auth/tokens/current/")}
_NOWHERE = f"jb_{0:032x}"


@cache
def _paths() -> dict[str, Any]:
    paths: dict[str, Any] = yaml.safe_load(DOCUMENT.read_text())["paths"]
    return paths


@dataclass(frozen=True)
class Call:
    """One request."""

    method: str
    path: str
    body: Any = None

    def send(self, client: Client) -> int:
        """Send it and read the whole answer; its status. A defect is raised."""
        send = getattr(client.http, self.method)
        headers = {"If-Match": "*"}
        if self.path.endswith("/imports/") and self.method == "post":
            file = io.BytesIO(b"url,title\nhttps://example.org/,Title\n")
            file.name = "links.csv"
            response = send(self.path, {"file": file}, format="multipart")
        elif self.body is None:
            response = send(self.path, headers=headers)
        else:
            response = send(self.path, self.body, format="json", headers=headers)
        if response.streaming:
            b"".join(response.streaming_content)
        status: int = response.status_code
        return status


def every_call(
    slugs: Mapping[str, Sequence[str]], names: Mapping[str, str], examples: Mapping[str, str]
) -> Iterator[Call]:
    """Each operation for each of the `slugs` of its kind, which is what its path begins with.

    `names` are other parts of paths. `examples` map the slugs in example bodies to real ones. Every choice of
    every parameter of a query is tried once.
    """
    for method in _METHODS:
        for template, methods in _paths().items():
            if method in methods and (method, template) not in _LEFT_OUT:
                yield from _calls(method, template, methods[method], slugs, names, examples)


def _calls(
    method: str,
    template: str,
    operation: dict[str, Any],
    slugs: Mapping[str, Sequence[str]],
    names: Mapping[str, str],
    examples: Mapping[str, str],
) -> Iterator[Call]:
    kind = template.removeprefix("/api/v1/").split("/")[0]
    named = slugs.get(kind, [_NOWHERE]) if "{slug}" in template else [""]
    paths = [template.format_map({"slug": slug, **names}) for slug in named]
    for path in paths:
        for body in _bodies(operation, examples):
            yield Call(method, path, body)
    for query in _queries(operation):
        yield Call(method, f"{paths[0]}?{query}")


def _bodies(operation: dict[str, Any], examples: Mapping[str, str]) -> Iterator[Any]:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    shown = [example["value"] for example in content.get("examples", {}).values()]
    for body in shown or [None]:
        text = json.dumps(body)
        for example, slug in examples.items():
            text = text.replace(example, slug)
        yield json.loads(text)


def _queries(operation: dict[str, Any]) -> Iterator[str]:
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query":
            for choice in parameter["schema"].get("enum", ()):
                yield f"{parameter['name']}={choice}"

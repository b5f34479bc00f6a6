"""The committed OpenAPI document against the running application: whatever fits or breaks the document is
sent, and every answer must be one that the document promises."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, settings
from schemathesis import Case
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.support.client import Client
from tests.support.grids import make_grid, make_link

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = 20

config = SchemathesisConfig.from_dict(
    {
        "seed": 1,
        "generation": {"mode": "all", "max-examples": EXAMPLES, "deterministic": True},
        "phases": {"coverage": {"enabled": True}},
    }
)
schema = schemathesis.openapi.from_path(
    Path(__file__).resolve().parents[1] / "docs" / "openapi.yaml", config=config
)
application = get_wsgi_application()


@pytest.fixture
def objects(alice: Client) -> dict[str, Any]:
    """Real slugs per kind, so that some requests hit."""
    grid = make_grid(alice, visibility="public", alias="mine")
    gone = make_grid(alice)
    link, other = make_link(alice, grid), make_link(alice, grid)
    alice.delete(f"grids/{gone['slug']}/", if_match="*")
    alice.delete(f"links/{other['slug']}/", if_match="*")
    job = alice.post("exports/", {"kind": "links", "format": "csv"}).json()
    return {"grids": grid, "links": link, "jobs": job}


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_the_document_promises(case: Case, alice: Client, objects) -> None:
    case.call_and_validate(
        app=application, headers={"Authorization": f"Token {alice.token}"}, checks=CHECKS
    )

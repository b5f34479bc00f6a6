"""The committed OpenAPI document against the running application: whatever fits or breaks the document is
sent, and every answer must be one that the document promises, and never a defect."""

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Iterator, MutableMapping
from pathlib import Path
from typing import Any, cast

import pytest
import schemathesis
from django.contrib.auth.hashers import make_password
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gridlink.accounts.models import User
from reports.models import ReportRun
from reports.reporting.results.result import Result
from reports.reporting.runs.compression import compress
from tasks.api.schedules.examples import SCHEDULE_WRITE
from tasks.models import Channel, Delivery, DeliveryStatus, Notification
from tests.support.client import PASSWORD, Client
from tests.support.grids.grids import URL, make_grid, make_link
from tests.support.reports.report_runs import MARCH, ask, define

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
# Of each operation, and as many that break the document. `make fuzz` sends more, and says how many.
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "15"))
# A layout must name just the links there are; a file, a retry and what follows an import need a job that
# ended; and no page may be asked for.
NEVER_HIT = {
    "PUT /api/v1/grids/{slug}/layout/",
    "GET /api/v1/jobs/{slug}/files/{name}/",
    "POST /api/v1/imports/{slug}/apply/",
    "POST /api/v1/imports/{slug}/undo/",
    "POST /api/v1/jobs/{slug}/retry/",
    "DELETE /api/v1/jobs/{slug}/files/{name}/",
    "GET /api/v1/jobs/{slug}/files/{name}/downloads/",
    "POST /api/v1/jobs/{slug}/files/{name}/revoke/",
    "POST /api/v1/links/metadata/",
}
DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "openapi.yaml"

schema = schemathesis.openapi.from_path(DOCUMENT)
schema.config.generation.deterministic = True
operations: list[Any] = [result.ok() for result in cast(Any, schema.get_all_operations())]
every_operation = pytest.mark.parametrize(
    "operation", operations, ids=[operation.label for operation in operations]
)
fuzzed = hypothesis_settings(
    max_examples=EXAMPLES,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def _answered(owner: Client, report: dict[str, Any]) -> str:
    """The slug of a run of the report that has a result."""
    slug: str = ask(owner, report).json()["slug"]
    nothing = Result("traffic", "Traffic", "", "UTC", (), (), ())
    basis = {"watermark": 0, "judged_again": 0, "bot_rules": 1, "state": {}}
    ReportRun.objects.filter(job__slug=slug).update(result=compress(nothing), basis=basis)
    return slug


class Fuzzer:
    """Sends cases with a token, some of them to objects that are there."""

    def __init__(self, owner: Client, sent: Counter[int]) -> None:
        self.hits = 0
        self._sent = sent
        self._owner = owner
        self._application = get_wsgi_application()
        grid = make_grid(owner, visibility="public")
        link = make_link(owner, grid)
        trashed_grid, trashed_link = make_grid(owner), make_link(owner, grid)
        owner.delete(f"grids/{trashed_grid['slug']}/", if_match="*")
        owner.delete(f"links/{trashed_link['slug']}/", if_match="*")
        job = owner.post("exports/", {"kind": "links", "format": "csv"}).json()
        # The account that the document's examples log in to.
        User.objects.create_user("ada", password=PASSWORD)
        assert owner.user
        # That of the document's examples too; not as a change, which would revoke the token.
        User.objects.filter(pk=owner.user.pk).update(password=make_password(PASSWORD))
        Client(owner.user, scopes=("read",))
        # Not the token that the requests are made with.
        spare = owner.user.tokens.get(scopes=["read"])
        hook = owner.post("webhooks/", {"url": URL}).json()
        notification = Notification.objects.create(user=owner.user, type="ping", title="Ping")
        delivery = Delivery.objects.create(
            notification=notification, user=owner.user, channel=Channel.WEBHOOK, lane=hook["slug"],
            endpoint=owner.user.webhooks.get(), status=DeliveryStatus.DELIVERED, next_on=None,
        )  # fmt: skip
        self._delivery = delivery.slug
        schedule = owner.post("schedules/", SCHEDULE_WRITE).json()
        report = define(owner, range=MARCH)
        self._run = _answered(owner, report)
        self._slugs = {
            "auth": [spare.slug],
            "grids": [grid["slug"], trashed_grid["slug"]],
            "links": [link["slug"], trashed_link["slug"]],
            "jobs": [job["slug"]],
            "notifications": [notification.slug],
            "webhooks": [hook["slug"]],
            "schedules": [schedule["slug"]],
            "reports": [report["slug"]],
        }

    def send(self, case: Any) -> None:
        """Send a case and check the answer."""
        headers = {"Authorization": f"Token {self._owner.token}"}
        response = case.call_and_validate(app=self._application, headers=headers, checks=CHECKS)
        self._sent[response.status_code] += 1
        self.hits += case.method == case.operation.method.upper() and response.status_code < 300

    def aim(self, case: Any, choose: Callable[[list[Any]], Any]) -> bool:
        """Put something real in the place of what is made up; whether there was anything to put."""
        kind = case.path.removeprefix("/api/v1/").split("/")[0]
        slugs = self._slugs.get(kind, [])
        places = [
            (case.path_parameters, "slug", slugs[::-1] if "/restore/" in case.path else slugs),
            (case.path_parameters, "username", ["alice"]),
            (case.path_parameters, "delivery", [self._delivery]),
            (case.path_parameters, "run", [self._run]),
            (case.path_parameters, "other", [self._run]),
            (case.body, "like", [self._run]),
            (case.body, "grid", self._slugs["grids"][:1]),
            (case.body, "url", [URL]),
            (case.headers, "If-Match", ["*"]),
        ]
        aimed = False
        for holder, name, real in places:
            if real and isinstance(holder, MutableMapping) and isinstance(holder.get(name), str):
                holder[name] = choose([*real, holder[name]])
                aimed = True
        return aimed


@pytest.fixture(scope="module")
def sent(request: pytest.FixtureRequest) -> Iterator[Counter[int]]:
    """How many answers there were of each status, told at the end."""
    counts: Counter[int] = Counter()
    yield counts
    by_status = ", ".join(f"{status}: {count:,}" for status, count in sorted(counts.items()))
    capture: Any = request.config.pluginmanager.get_plugin("capturemanager")
    with capture.global_and_fixture_disabled():
        sys.stdout.write(f"\n{counts.total():,} cases sent ({by_status})\n")


@pytest.fixture
def fuzzer(alice: Client, published: Any, settings: Any, sent: Counter[int]) -> Iterator[Fuzzer]:
    """A fuzzer whose requests stay in the test's transaction, as those of Django's test client do."""

    # Nothing may be asked for outside.
    settings.OUTBOUND_PORTS = frozenset()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    fuzzer = Fuzzer(alice, sent)
    # Django's client connects this again after each of its own requests.
    ends = (request_started, request_finished)
    for end in ends:
        assert end.disconnect(close_old_connections)
    yield fuzzer
    for end in ends:
        end.connect(close_old_connections)


@every_operation
def test_the_edges_of_every_field(fuzzer: Fuzzer, operation: Any) -> None:
    """Each field's examples, least and largest values, what lies just outside, and what is missing; where
    something real can be named, a second time with that."""
    cases = schema.iter_coverage_cases(
        operation,
        generation_modes=list(GenerationMode),
        generation_config=schema.config.generation_for(operation=operation),
    )
    for case in cases:
        fuzzer.send(case)
        if fuzzer.aim(case, lambda choices: choices[0]):
            fuzzer.send(case)
    # Else nothing but refusals would have been tried.
    assert bool(fuzzer.hits) == (operation.label not in NEVER_HIT)


@every_operation
def test_anything_that_fits_the_document(fuzzer: Fuzzer, operation: Any) -> None:
    @fuzzed
    @given(case=operation.as_strategy(GenerationMode.POSITIVE), data=st.data())
    def check(case: Any, data: Any) -> None:
        fuzzer.aim(case, lambda choices: data.draw(st.sampled_from(choices)))
        fuzzer.send(case)

    check()


@every_operation
def test_anything_that_does_not(fuzzer: Fuzzer, operation: Any) -> None:
    @fuzzed
    @given(case=operation.as_strategy(GenerationMode.NEGATIVE))
    def check(case: Any) -> None:
        fuzzer.send(case)

    check()

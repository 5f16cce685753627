"""The OpenAPI document, and calls made up from it: nothing fails, nothing contradicts it."""

import os
from typing import Any

import pytest
from flask import Flask
from hypothesis import given, settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import CheckFunction
from schemathesis.openapi import from_wsgi
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import (
    ignored_auth,
    negative_data_rejection,
    positive_data_acceptance,
)

from tests.web.api.conftest import Caller, content_of

pytestmark = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

# What has the right shape may still be refused (no picture, no such place), and in a query even
# a wrong value may be a text.
DEBATABLE: list[CheckFunction] = [positive_data_acceptance, negative_data_rejection]

MANY = int(os.environ.get("SILOG_TEST_EXAMPLES", "3"))
"""Examples for each role and call."""

CALLS = [
    ("GET", "/api/v1/discrepancies"),
    ("GET", "/api/v1/events"),
    ("GET", "/api/v1/manifests"),
    ("GET", "/api/v1/manifests/{number}"),
    ("GET", "/api/v1/manifests/{number}/export"),
    ("GET", "/api/v1/manifests/{number}/lines"),
    ("GET", "/api/v1/manifests/{number}/reconciliation"),
    ("GET", "/api/v1/packages/{code}"),
    ("GET", "/api/v1/stock"),
    ("POST", "/api/v1/enrol"),
    ("POST", "/api/v1/manifests"),
    ("POST", "/api/v1/manifests/{number}/close"),
    ("POST", "/api/v1/manifests/{number}/reopen"),
    ("POST", "/api/v1/manifests/{number}/void"),
    ("POST", "/api/v1/readings"),
    ("POST", "/api/v1/scans"),
    ("POST", "/api/v1/scans/{id}/undo"),
]


@pytest.fixture
def document(app: Flask, head: Caller, manifest: str) -> BaseSchema:  # noqa: ARG001
    """Give the document of a station that holds a manifest."""
    headers = {"Authorization": f"Bearer {head.token}"}
    return from_wsgi("/api/v1/openapi.json", app, headers=headers)


@pytest.mark.parametrize("mode", list(GenerationMode))
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_calls_made_up_from_the_document_are_answered_as_it_says(
    document: BaseSchema, head: Caller, *, method: str, path: str, mode: GenerationMode
) -> None:
    @settings(max_examples=20, database=None)
    @given(case=document[path][method].as_strategy(generation_mode=mode))
    def call(case: Case[Any]) -> None:
        case.call_and_validate(
            headers={"Authorization": f"Bearer {head.token}"}, excluded_checks=DEBATABLE
        )

    call()


ROLES = ("staff", "supervisor", "observer", "device", "reader", "nobody")


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize(("method", "path"), CALLS)
def test_whoever_calls_is_answered_as_it_says(
    document: BaseSchema, callers: dict[str, Caller], *, method: str, path: str, role: str
) -> None:
    """A few of each here; by hand with --hypothesis-seed and more examples, as often as wanted."""
    token = callers[role].token
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    # Without a token all is refused before the body is looked at, whatever its content.
    skipped = [*DEBATABLE, ignored_auth]

    @settings(max_examples=MANY, database=None)
    @given(case=document[path][method].as_strategy())
    def call(case: Case[Any]) -> None:
        case.call_and_validate(headers=headers, excluded_checks=skipped)

    call()


def test_the_document_lists_these_calls(head: Caller) -> None:
    paths = content_of(head.get("/openapi.json"))["paths"]

    assert sorted((way.upper(), path) for path in paths for way in paths[path]) == CALLS


def test_the_document_names_its_version_and_the_token(head: Caller) -> None:
    document = content_of(head.get("/openapi.json"))

    assert document["openapi"].startswith("3.1")
    assert document["components"]["securitySchemes"] == {
        "bearer": {"type": "http", "scheme": "bearer"}
    }

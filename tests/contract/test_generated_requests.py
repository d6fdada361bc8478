"""The API keeps to its description whatever is sent: requests made up from it, good and bad ones.

What is described is walked over as it stands, so a route is covered from the day that it has a
place in `/api/v1/openapi.json`. The requests are the same every time.
"""

from __future__ import annotations

from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import Case, GenerationMode, Response
from schemathesis.checks import CHECKS, load_all_checks

from chalicelib.web.api.openapi import describe
from tests.contract.test_api import PLACES
from tests.web.calls import own_token, request
from tests.world import World, letter

URL = "https://desk.example"
load_all_checks()
HELD = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
    ]
)
THE_SAME_EVERY_TIME = settings(
    max_examples=15,
    derandomize=True,
    database=None,
    # All of them meet one desk: what an earlier one did to it is part of what is tried.
    suppress_health_check=list(HealthCheck),
)


def operations() -> dict[str, Any]:
    """What is described, by name. Every request gets a token, so that none is made up."""
    description = describe(URL)
    del description["components"]["securitySchemes"]
    for methods in description["paths"].values():
        for method in methods.keys() - {"parameters"}:
            methods[method]["security"] = []
    found = schemathesis.openapi.from_dict(description).get_all_operations()
    return {operation.ok().label: operation.ok() for operation in found}


def can_be_wrong(operation: Any) -> bool:
    """Whether there is a request that it does not describe: no text is wrong by itself."""
    schemas = [parameter.definition["schema"] for parameter in operation.iter_parameters()]
    is_free = all(schema.keys() <= {"type", "description"} for schema in schemas)
    is_text = all(schema["type"] == "string" for schema in schemas)
    return bool(operation.body) or not (is_free and is_text)


OPERATIONS = operations()


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_described_request_has_a_described_answer(world: World, name: str) -> None:
    places = [parameter.name for parameter in OPERATIONS[name].path_parameters]
    known = {place: PLACES[place] for place in places if place in PLACES}
    check(world, OPERATIONS[name].as_strategy(GenerationMode.POSITIVE, path_parameters=known))


@pytest.mark.parametrize("name", [name for name, one in OPERATIONS.items() if can_be_wrong(one)])
def test_a_request_that_is_not_described_is_refused(world: World, name: str) -> None:
    check(world, OPERATIONS[name].as_strategy(GenerationMode.NEGATIVE))


def check(world: World, cases: Any) -> None:
    """Send them all to a desk with a ticket and a suspended mail."""
    world.mail(letter())
    world.mail(letter("Buy!"), verdicts={"spam": "FAIL"})

    @THE_SAME_EVERY_TIME
    @given(case=cases)
    def is_answered_as_described(case: Case[Any]) -> None:
        case.validate_response(answered(world, case), checks=HELD)

    is_answered_as_described()


def answered(world: World, case: Case[Any]) -> Response:
    asked = requests.Request(**case.as_transport_kwargs(base_url=URL)).prepare()
    asked.headers["Authorization"] = f"Bearer {own_token(world)}"
    found = request(world, asked.method, asked.path_url, asked.body, headers=asked.headers)
    headers = {name: [value] for name, value in found.headers.items()}
    return Response(found.status, headers, found.body.encode(), asked, elapsed=0, verify=True)

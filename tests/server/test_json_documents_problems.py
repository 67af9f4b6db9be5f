import json

import jsonschema
import pytest

from logocache.server.json_documents import EXAMPLES, MEDIA_TYPE, problem_responses, problem_schema
from logocache.server.problems import Problem, problem_response


@pytest.mark.parametrize("status", EXAMPLES)
def test_the_example_is_what_the_schema_says(status: int) -> None:
    content = problem_responses(status)[status]["content"][MEDIA_TYPE]
    jsonschema.validate(content["example"], content["schema"])


@pytest.mark.parametrize("status", [404, 422])
def test_a_real_problem_is_what_the_schema_says(status: int) -> None:
    mistakes = [{"in": "query", "name": "size", "detail": "too small"}] if status == 422 else []
    problem = Problem(status=status, code="x", title="X", detail="wrong", mistakes=mistakes)
    jsonschema.validate(json.loads(bytes(problem_response(problem).body)), problem_schema(status))


def test_a_schema_admits_problems_of_its_own_status_only() -> None:
    example = problem_responses(404)[404]["content"][MEDIA_TYPE]["example"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(example, problem_schema(400))


def test_headers_that_go_with_a_status_are_documented() -> None:
    responses = problem_responses(401, 404, 503)
    assert [sorted(response.get("headers", {})) for response in responses.values()] == [
        ["WWW-Authenticate"],
        [],
        ["Retry-After"],
    ]

import pytest
from fastapi import APIRouter, Depends, FastAPI

from harness.small_app import Client
from logocache.server.problems import ProblemRoute
from logocache.server.requests import AdminOnly, admin_only
from logocache.settings import Settings

TOKEN = "correct-horse-battery"


def make_client(token: str | None) -> Client:
    router = APIRouter(route_class=ProblemRoute)

    @router.post("/change", dependencies=[Depends(AdminOnly(token))])
    def change(size: int) -> str:
        return "changed"

    app = FastAPI()
    app.include_router(router)
    return Client(app)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_token_lets_changes_pass(scheme: str) -> None:
    answer = make_client(TOKEN).post("/change?size=1", headers={"Authorization": f"{scheme} {TOKEN}"})
    assert (answer.status_code, answer.json()) == (200, "changed")


@pytest.mark.parametrize(
    "field",
    [None, "", "Bearer", f"Basic {TOKEN}", TOKEN],
    ids=["none", "empty", "no token", "other scheme", "no scheme"],
)
def test_without_a_token_the_answer_is_a_challenge(field: str | None) -> None:
    headers = {} if field is None else {"Authorization": field}
    answer = make_client(TOKEN).post("/change?size=1", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "unauthorized")
    assert answer.headers["www-authenticate"] == 'Bearer realm="logocache"'


@pytest.mark.parametrize(
    "token",
    [TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "ünïcode".encode(), b"\xff\xfe"],
    ids=["shorter", "longer", "other case", "utf-8", "no text"],
)
def test_a_wrong_token_is_told_so(token: str | bytes) -> None:
    field = b"Bearer " + (token if isinstance(token, bytes) else token.encode())
    answer = make_client(TOKEN).post("/change?size=1", headers={"Authorization": field})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer realm="logocache", error="invalid_token"'
    assert TOKEN not in answer.text


def test_a_token_beyond_ascii_is_compared_by_its_utf_8_bytes() -> None:
    token = "schlüssel-zum-speicher"
    answer = make_client(token).post(
        "/change?size=1", headers={"Authorization": b"Bearer " + token.encode("utf-8")}
    )
    assert answer.status_code == 200


def test_without_a_configured_token_nobody_passes_and_the_answer_says_how_to_enable_changes() -> None:
    answer = make_client(None).post("/change?size=1", headers={"Authorization": "Bearer None"})
    assert (answer.status_code, answer.json()["code"]) == (403, "changes_disabled")
    assert "LOGO_CACHE_ADMIN_TOKEN" in answer.json()["detail"]


def test_who_may_not_pass_learns_nothing_of_the_parameters() -> None:
    assert make_client(TOKEN).post("/change?size=x").status_code == 401


def test_the_token_of_the_settings_is_the_one_that_counts() -> None:
    with_token = admin_only(Settings(admin_token=TOKEN))
    assert with_token._token == TOKEN.encode()
    assert admin_only(Settings())._token is None

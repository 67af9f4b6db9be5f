from fastapi import APIRouter, FastAPI

from harness.small_app import Client
from logocache.server.problems import ProblemRoute


def make_app(prefix: str) -> FastAPI:
    """Three routes for one path, as three objects, and one beside it."""
    router = APIRouter(route_class=ProblemRoute)

    def answer() -> None: ...

    router.add_api_route("/thing/{id}", answer, methods=["GET"])
    router.add_api_route("/thing/{id}", answer, methods=["HEAD"])
    router.add_api_route("/thing/{id}", answer, methods=["DELETE"])
    router.add_api_route("/other", answer, methods=["PATCH"])
    app = FastAPI()
    app.include_router(router, prefix=prefix)
    return app


def test_all_methods_of_a_path_are_named_whichever_route_refused() -> None:
    answer = Client(make_app("")).post("/thing/1")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, DELETE")


def test_a_prefix_in_a_foreign_application_makes_no_difference() -> None:
    answer = Client(make_app("/logos")).get("/logos/other")
    assert (answer.status_code, answer.headers["allow"]) == (405, "PATCH")


def test_routes_of_the_foreign_application_count_too() -> None:
    app = make_app("/logos")

    @app.put("/logos/other")
    def put() -> None: ...

    assert Client(app).get("/logos/other").headers["allow"] == "PUT, PATCH"

"""The description of the HTTP API, as a page."""

from fastapi import APIRouter, FastAPI, Request, Response

from logocache.server import reference
from logocache.server.html import page, render
from logocache.server.problems import ProblemRoute

PATH = "/docs"


def build() -> APIRouter:
    """The route. It shows what lies beside it: of another application only our part."""
    router = APIRouter(route_class=ProblemRoute, include_in_schema=False)

    @router.get(PATH)
    @router.head(PATH)
    def get_documentation(request: Request) -> Response:
        """Made on the server from the same document that machines read at `/openapi.json`."""
        application: FastAPI = request.app
        root_path: str = request.scope.get("root_path", "")
        below_root = request.url.path.removeprefix(root_path)
        description = reference.read(
            application.openapi(),
            prefix=below_root.removesuffix(PATH),
            base=str(request.url.replace(path=root_path, query="")),
        )
        machine = application.openapi_url
        return page(
            request,
            render(
                "reference.html",
                root="./",
                reference=description,
                machine=machine and relative_address(machine, seen_from=below_root),
            ),
        )

    return router


def relative_address(path: str, *, seen_from: str) -> str:
    """The way from one path of an application to another: `../openapi.json` from `/logos/docs`."""
    return "./" + "../" * (seen_from.count("/") - 1) + path.removeprefix("/")

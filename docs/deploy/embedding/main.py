"""A backend that was there before, and now has logos: the lines marked `new`."""

# ruff: noqa: INP001  # a script

from fastapi import FastAPI
from fastapi.responses import Response
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from logocache.server import create_router  # new


class VisibleFiles(StaticFiles):  # new, where /app/static is served already
    """Static files without hidden ones: `static/cached_logos/.logocache/` may hold the database."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        hidden = any(part.startswith(".") for part in path.split("/"))
        return await super().get_response("" if hidden else path, scope)


app = FastAPI(title="The backend")


@app.get("/api/orders/{number}")
def order(number: int) -> dict[str, object]:
    """What the backend did before, with a logo beside it."""
    return {"number": number, "shop": "shopify", "logo": "/logos/api/integrations/shopify/logo?size=64"}


app.include_router(create_router(), prefix="/logos")  # new: settings come from the environment
app.mount("/static", VisibleFiles(directory="static", check_dir=False), name="static")

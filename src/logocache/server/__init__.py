"""The server: logos, health and statistics over HTTP. Importing this package loads no web framework.

    from logocache.server import create_app, create_router

`create_app(settings)` returns an ASGI application; `create_router(settings)` returns a router for
a foreign FastAPI application: `app.include_router(create_router(settings), prefix="/logos")`.
"""

from typing import TYPE_CHECKING

from logocache.errors import needs_extra

if TYPE_CHECKING:
    from logocache.server.app import create_app, create_router


def __getattr__(name: str) -> object:
    """Import late: FastAPI takes 200 ms, which `logocache serve --help` must not take."""
    if name in __all__:
        with needs_extra("server", "the server"):
            from logocache.server import app
        return getattr(app, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


__all__ = ["create_app", "create_router"]

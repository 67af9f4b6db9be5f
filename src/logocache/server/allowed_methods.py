"""Which methods an address has: the Allow field of a 405 (RFC 9110 15.5.6)."""

from starlette.applications import Starlette
from starlette.routing import Match
from starlette.types import Scope

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")

ROUTED = frozenset({"route", "endpoint", "path_params", "fastapi"})
"""What routing has left in a scope; asking again starts without it."""


def allowed_methods(scope: Scope) -> str:
    """`GET, HEAD`: all methods for which the application has a route at the path of this request.

    Routes of one path are separate objects, so that the one which refused knows only its own method.
    """
    application: Starlette = scope["app"]
    asked = {name: value for name, value in scope.items() if name not in ROUTED}
    return ", ".join(
        method
        for method in METHODS
        if any(route.matches({**asked, "method": method})[0] is Match.FULL for route in application.routes)
    )

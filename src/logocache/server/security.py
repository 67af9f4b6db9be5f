"""Who may change things over HTTP: whoever holds the bearer token (RFC 6750)."""

import hmac

from fastapi.security import HTTPBearer
from starlette.requests import HTTPConnection

from logocache.server.problems import ProblemError
from logocache.settings import Settings

CHALLENGE = 'Bearer realm="logocache"'


class AdminOnly(HTTPBearer):
    """A dependency that ends requests without the token; in OpenAPI the security scheme `adminToken`."""

    def __init__(self, token: str | None) -> None:
        super().__init__(
            scheme_name="adminToken",
            description="The server's `LOGO_CACHE_ADMIN_TOKEN`; without one nothing can be changed over HTTP",
            auto_error=False,
        )
        self._token = token.encode("utf-8") if token is not None else None

    async def __call__(self, request: HTTPConnection) -> None:
        """Let the request pass.

        Raises:
            ProblemError: 403 when the server has no token, 401 when it is missing or wrong.
        """
        if self._token is None:
            raise ProblemError(
                403,
                code="changes_disabled",
                title="Changes over HTTP are not enabled",
                detail="set LOGO_CACHE_ADMIN_TOKEN, and send it as a bearer token",
            )
        sent = await super().__call__(request)
        if sent is None:
            raise _unauthorized("the token is missing", CHALLENGE)
        # Header fields are read as Latin-1: encoding them back gives the bytes that were sent.
        if not hmac.compare_digest(sent.credentials.encode("latin-1"), self._token):
            raise _unauthorized("the token is wrong", f'{CHALLENGE}, error="invalid_token"')


def admin_only(settings: Settings) -> AdminOnly:
    """The dependency of all changing routes: `Depends(admin_only(settings))`."""
    token = settings.admin_token
    return AdminOnly(token.get_secret_value() if token is not None else None)


def _unauthorized(reason: str, challenge: str) -> ProblemError:
    return ProblemError(
        401,
        code="unauthorized",
        title="The token is missing or wrong",
        detail=f"{reason}: send the header field Authorization: Bearer TOKEN"
        " with the server's LOGO_CACHE_ADMIN_TOKEN",
        headers={"WWW-Authenticate": challenge},
    )

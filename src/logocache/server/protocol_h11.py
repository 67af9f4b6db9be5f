"""The hardened protocol with the parser h11, for interpreters on which httptools does not run."""

from uvicorn.protocols.http.h11_impl import H11Protocol

from logocache.server.protocol import HardenedProtocol


class HardenedH11(HardenedProtocol, H11Protocol):  # type: ignore[misc]  # to mypy the mixin is an HttpToolsProtocol
    """h11 itself stops reading while a request is answered, so that nothing is pipelined."""

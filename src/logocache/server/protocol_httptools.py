"""The hardened protocol with the parser httptools."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from logocache.server.protocol import HardenedProtocol

MAX_PIPELINED = 50
"""Requests that may wait for the answer to an earlier one on the same connection."""


class HardenedHttpTools(HardenedProtocol, HttpToolsProtocol):
    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        if len(self.pipeline) > MAX_PIPELINED:
            self.transport.abort()

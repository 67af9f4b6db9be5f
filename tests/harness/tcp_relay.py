"""A TCP relay to a server's unix socket, which can be cut and restored, or hang for a while."""

import contextlib
import socket
import threading
from pathlib import Path
from types import TracebackType
from typing import Self


class Relay:
    """Listens on loopback. A context manager."""

    def __init__(self, target: Path) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._pipes: list[socket.socket] = []
        self._lock = threading.Lock()
        self._flows = threading.Event()
        self._flows.set()
        self._accept()

    def hang(self) -> None:
        """Simulate a stuck server: connections stay, new ones are accepted, and nothing is answered."""
        self._flows.clear()

    def flow(self) -> None:
        """Forward what was held back, and all that follows."""
        self._flows.set()

    @property
    def is_hanging(self) -> bool:
        return not self._flows.is_set()

    def cut(self) -> None:
        """Simulate a stopped server: connections break, and new ones are refused."""
        with self._lock:
            _close(self._listener)
            for pipe in self._pipes:
                _close(pipe)
            self._pipes = []

    def restore(self) -> None:
        """Accept connections again, on the same port."""
        self._listener = socket.create_server(("127.0.0.1", self.port))
        self._accept()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.cut()
        self.flow()  # threads that hold data back then find their sockets closed

    def _accept(self) -> None:
        threading.Thread(target=self._serve, args=[self._listener], daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):  # the listener was closed
            while True:
                client, _ = listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._target))
                with self._lock:
                    self._pipes += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=[source, sink], daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flows.wait()
                sink.sendall(data)
        _close(sink)


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    connection.close()

"""The sockets that the server listens on, made before anything else, so that a failure is one clear line."""

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from logocache.errors import UnavailableError
from logocache.settings import Settings

BACKLOG = 2048
"""Connections that may wait to be accepted; the kernel has its own bound, too."""
UNIX_SOCKET_MODE = 0o666
"""Anyone may connect, as over TCP; the mode of the directory says who reaches it."""
PROBE_SECONDS = 2.0
"""How long a server behind an existing unix socket has to show that it lives."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listeners:
    sockets: Sequence[socket.socket]
    address: str
    """As clients write it: `http://127.0.0.1:8080`, `unix:/run/logocache.sock`."""


@contextmanager
def listening(settings: Settings) -> Iterator[Listeners]:
    """Listens where `settings` say, while it lasts; a unix socket's file is removed at the end.

    Raises UnavailableError when that is not possible.
    """
    if settings.serve_unix_socket is not None:
        with _unix_socket(settings.serve_unix_socket) as listeners:
            yield listeners
    else:
        with contextlib.ExitStack() as stack:
            sockets = _tcp_sockets(settings.serve_host, settings.serve_port, stack)
            yield Listeners(sockets=sockets, address=" and ".join(map(_url, sockets)))


def _tcp_sockets(host: str, port: int, stack: contextlib.ExitStack) -> list[socket.socket]:
    """One for each address of `host`, all with the same port; those that this machine lacks are left out."""
    sockets: list[socket.socket] = []
    failure: UnavailableError | None = None
    for family, address in _addresses(host):
        try:
            each = stack.enter_context(_tcp_socket(family, address, port))
        except OSError as error:
            failure = failure or _cannot_listen(error, host, port)
            if error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
                raise failure from error
        else:
            port = each.getsockname()[1]
            sockets.append(each)
    if failure is not None and not sockets:
        raise failure
    return sockets


def _addresses(host: str) -> list[tuple[socket.AddressFamily, str]]:
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UnavailableError(
            f"'{host}' is no address to listen on",
            hint="give one of this machine's with --host: 127.0.0.1, 0.0.0.0 or :: for all",
        ) from error
    return list(dict.fromkeys((family, str(address[0])) for family, _, _, _, address in found))


def _tcp_socket(family: socket.AddressFamily, address: str, port: int) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # `::` means all addresses, whatever the system's default is; any other means itself.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address != "::"))
        listener.bind((address, port))
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener


def _cannot_listen(error: OSError, host: str, port: int) -> UnavailableError:
    where = f"{_bracketed(host)}:{port}"
    match error.errno:
        case errno.EADDRINUSE:
            return UnavailableError(
                f"{where} is in use", hint="stop what listens there, or choose another port with --port"
            )
        case errno.EACCES | errno.EPERM:
            return UnavailableError(
                f"there is no permission to listen on {where}", hint="choose a port from 1024 with --port"
            )
        case errno.EADDRNOTAVAIL | errno.EAFNOSUPPORT:
            return UnavailableError(
                f"this machine has no address {host}",
                hint="choose another with --host: 127.0.0.1, or 0.0.0.0 for all of IPv4",
            )
        case _:
            return UnavailableError(
                f"it is not possible to listen on {where} ({error.strerror})",
                hint="choose another address with --host and --port",
            )


@contextmanager
def _unix_socket(path: Path) -> Iterator[Listeners]:
    _make_way(path)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        try:
            listener.bind(str(path))
            path.chmod(UNIX_SOCKET_MODE)
            listener.listen(BACKLOG)
        except OSError as error:
            raise UnavailableError(
                f"it is not possible to listen on the unix socket {path} ({error.strerror or error})",
                hint="choose a path in a directory that can be written to with --unix-socket",
            ) from error
        made = path.lstat()
        try:
            yield Listeners(sockets=[listener], address=f"unix:{path}")
        finally:
            _remove(path, made)


def _make_way(path: Path) -> None:
    """Remove the socket of a server that is dead. Anything else under that name stays."""
    try:
        kind = path.lstat().st_mode
    except OSError:
        return  # nothing there; what else may be wrong comes out when we bind
    if not stat.S_ISSOCK(kind):
        raise UnavailableError(
            f"{path} exists and is not a socket", hint="choose another path with --unix-socket"
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_SECONDS)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            # If that is not allowed, binding says so.
            with contextlib.suppress(OSError):
                path.unlink()
            return
        except OSError:
            pass  # full, slow, or not ours: alive, as far as we can know
    raise UnavailableError(
        f"a server listens on {path}", hint="stop it, or choose another path with --unix-socket"
    )


def _remove(path: Path, made: os.stat_result) -> None:
    """Unless another server has put its own in the place."""
    with contextlib.suppress(OSError):
        if os.path.samestat(path.lstat(), made):
            path.unlink()


def _url(listener: socket.socket) -> str:
    host, port, *_ = listener.getsockname()
    return f"http://{_bracketed(host)}:{port}"


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host

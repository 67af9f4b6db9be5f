"""The socket that the server listens on, made before anything else, so that a failure is one clear line."""

import contextlib
import errno
import os
import socket
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from logocache.errors import UnavailableError
from logocache.settings import Settings

BACKLOG = 2048
"""Connections that may wait to be accepted; the kernel has its own bound, too."""
UNIX_SOCKET_MODE = 0o666
"""Anyone may connect, as over TCP; the mode of the directory says who reaches it."""
PROBE_SECONDS = 2.0
"""How long a server behind an existing unix socket has to show that it lives."""


@contextmanager
def listening(settings: Settings) -> Iterator[tuple[socket.socket, str]]:
    """A socket that listens where `settings` say, and its address as clients write it, while it lasts.

    The address is `http://127.0.0.1:8080` or `unix:/run/logocache.sock`. `::` takes IPv4, too; of a name
    only its IPv4 address is taken. A unix socket's file is removed at the end.
    Raises UnavailableError when that is not possible.
    """
    if settings.serve_unix_socket is None:
        with _tcp_socket(settings.serve_host, settings.serve_port) as listener:
            host, port, *_ = listener.getsockname()
            yield listener, f"http://{_bracketed(host)}:{port}"
    else:
        path = settings.serve_unix_socket
        with _unix_socket(path) as listener:
            made = path.lstat()
            try:
                yield listener, f"unix:{path}"
            finally:
                # Unless another server has put its own in the place.
                with contextlib.suppress(OSError):
                    if os.path.samestat(path.lstat(), made):
                        path.unlink()


def _tcp_socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=BACKLOG, dualstack_ipv6=host == "::")
    except (OSError, UnicodeError) as error:
        raise _cannot_listen(error, host, port) from error


def _cannot_listen(error: Exception, host: str, port: int) -> UnavailableError:
    where = f"{_bracketed(host)}:{port}"
    number = error.errno or 0 if isinstance(error, OSError) else socket.EAI_NONAME
    if number < 0:  # socket.gaierror's, as `create_server` passes it on
        return UnavailableError(
            f"'{host}' is no address to listen on",
            hint="give one of this machine's with --host: 127.0.0.1, 0.0.0.0 or :: for all",
        )
    match number:
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
                f"it is not possible to listen on {where} ({os.strerror(number)})",
                hint="choose another address with --host and --port",
            )


def _unix_socket(path: Path) -> socket.socket:
    _make_way(path)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        path.chmod(UNIX_SOCKET_MODE)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise UnavailableError(
            f"it is not possible to listen on the unix socket {path} ({error.strerror or error})",
            hint="choose a path in a directory that can be written to with --unix-socket",
        ) from error
    return listener


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


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host

"""The listening socket, opened before anything else, so that a failure is one clear line."""

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
"""Connections that may wait to be accepted; the kernel has its own limit, too."""
UNIX_SOCKET_MODE = 0o666
"""Anyone may connect, as over TCP; the mode of the directory restricts access."""
PROBE_SECONDS = 2.0
"""Timeout for a connection to the server of an existing unix socket."""


@contextmanager
def listening(settings: Settings) -> Iterator[tuple[socket.socket, str]]:
    """Open the listening socket of `settings`, and close it at the end; yields it with its address.

    The address is `http://127.0.0.1:8080` or `unix:/run/logocache.sock`. `::` accepts IPv4, too; of a
    host name only the IPv4 address is used. The file of a unix socket is removed at the end.
    Raises UnavailableError if it cannot listen.
    """
    if settings.serve_unix_socket is None:
        with _tcp_socket(settings.serve_host, settings.serve_port) as listener:
            host, port, *_ = listener.getsockname()
            yield listener, f"http://{_bracketed(host)}:{port}"
    else:
        path = settings.serve_unix_socket
        with _unix_socket(path) as listener:
            created = path.lstat()
            try:
                yield listener, f"unix:{path}"
            finally:
                # Unless another server has replaced it.
                with contextlib.suppress(OSError):
                    if os.path.samestat(path.lstat(), created):
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
        problem = f"'{host}' is not an address to listen on"
        hint = "give one of this machine's with --host: 127.0.0.1, 0.0.0.0 or :: for all"
    elif number == errno.EADDRINUSE:
        problem = f"{where} is in use"
        hint = "stop what listens there, or choose another port with --port"
    elif number in {errno.EACCES, errno.EPERM}:
        problem, hint = f"there is no permission to listen on {where}", "choose a port from 1024 with --port"
    elif number in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
        problem = f"this machine has no address {host}"
        hint = "choose another with --host: 127.0.0.1, or 0.0.0.0 for all of IPv4"
    else:
        problem = f"it is not possible to listen on {where} ({os.strerror(number)})"
        hint = "choose another address with --host and --port"
    return UnavailableError(problem, hint=hint)


def _unix_socket(path: Path) -> socket.socket:
    _remove_dead_socket(path)
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


def _remove_dead_socket(path: Path) -> None:
    """Remove the socket of a dead server. Raises UnavailableError if `path` is anything else."""
    try:
        kind = path.lstat().st_mode
    except OSError:
        return  # it does not exist; any other problem shows when binding
    if not stat.S_ISSOCK(kind):
        raise UnavailableError(
            f"{path} exists and is not a socket", hint="choose another path with --unix-socket"
        )
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(PROBE_SECONDS)
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            # If that is not permitted, binding fails.
            with contextlib.suppress(OSError):
                path.unlink()
            return
        except OSError:
            pass  # full, slow, or not ours: it may be alive
    raise UnavailableError(
        f"a server listens on {path}", hint="stop it, or choose another path with --unix-socket"
    )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host

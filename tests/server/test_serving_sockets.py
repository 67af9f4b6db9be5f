import errno
import socket
import stat
from pathlib import Path

import pytest

from logocache.errors import UnavailableError
from logocache.server import serving as module
from logocache.server.serving import listening
from logocache.settings import Settings


def has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


needs_ipv6 = pytest.mark.skipif(not has_ipv6(), reason="this machine has no IPv6 on loopback")


def settings(host: str = "127.0.0.1", port: int = 0) -> Settings:
    return Settings(serve_host=host, serve_port=port)


def port_of(listener: socket.socket) -> int:
    return int(listener.getsockname()[1])


def test_port_0_is_any_free_one_and_its_number_is_told() -> None:
    with listening(settings()) as (listener, address):
        port = port_of(listener)
        assert port > 0
        assert address == f"http://127.0.0.1:{port}"
        socket.create_connection(("127.0.0.1", port)).close()


@needs_ipv6
def test_ipv6_addresses_stand_in_brackets_and_are_alone() -> None:
    with listening(settings("::1")) as (listener, address):
        port = port_of(listener)
        assert address == f"http://[::1]:{port}"
        socket.create_connection(("::1", port)).close()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", port))


@needs_ipv6
def test_the_ipv6_wildcard_takes_ipv4_too() -> None:
    with listening(settings("::")) as (listener, _):
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port_of(listener))).close()


def test_of_a_name_the_ipv4_address_is_taken() -> None:
    with listening(settings("localhost")) as (listener, address):
        assert address == f"http://127.0.0.1:{port_of(listener)}"


def test_a_port_in_use_is_one_clear_line() -> None:
    with listening(settings()) as (listener, _):
        port = port_of(listener)
        with pytest.raises(UnavailableError) as caught, listening(settings(port=port)):
            raise AssertionError("unreachable")
    assert str(caught.value) == (
        f"127.0.0.1:{port} is in use: stop what listens there, or choose another port with --port"
    )


@pytest.mark.parametrize(
    ("host", "told"),
    [
        pytest.param("192.0.2.1", "this machine has no address 192.0.2.1: choose", id="not ours"),
        pytest.param("a" * 70 + ".test", "is not an address to listen on: give", id="no possible name"),
    ],
)
def test_an_address_that_is_not_here_is_one_clear_line(host: str, told: str) -> None:
    with pytest.raises(UnavailableError) as caught, listening(settings(host)):
        raise AssertionError("unreachable")
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        pytest.param(
            OSError(errno.EACCES, "no"), "there is no permission to listen on [::1]:80", id="no permission"
        ),
        pytest.param(
            OSError(errno.EIO, "no"), "not possible to listen on [::1]:80 (Input/output", id="anything else"
        ),
        pytest.param(socket.gaierror(-2, "no"), "'::1' is not an address to listen on: give", id="no name"),
    ],
)
def test_what_the_system_refuses_is_put_into_words(error: OSError, told: str) -> None:
    assert told in str(module._cannot_listen(error, "::1", 80))


def test_a_unix_socket_is_for_everyone_and_goes_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with listening(Settings(serve_unix_socket=path)) as (_, address):
        assert address == f"unix:{path}"
        assert stat.S_IMODE(path.stat().st_mode) == 0o666
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(path))
    assert not path.exists()


def test_the_socket_of_a_dead_server_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    with listening(Settings(serve_unix_socket=path)), socket.socket(socket.AF_UNIX) as client:
        client.connect(str(path))


def test_the_socket_of_a_live_server_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with listening(Settings(serve_unix_socket=path)):
        with (
            pytest.raises(UnavailableError, match=r"a server listens on .*s\.sock: stop it"),
            listening(Settings(serve_unix_socket=path)),
        ):
            raise AssertionError("unreachable")
        assert path.exists()


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine", encoding="utf-8")
    with (
        pytest.raises(UnavailableError, match="exists and is not a socket"),
        listening(Settings(serve_unix_socket=path)),
    ):
        raise AssertionError("unreachable")
    assert path.read_text(encoding="utf-8") == "mine"


@pytest.mark.parametrize(
    "name",
    [pytest.param("missing/s.sock", id="no such directory"), pytest.param("x" * 200, id="too long a path")],
)
def test_a_unix_socket_that_cannot_be_made_is_one_clear_line(name: str, tmp_path: Path) -> None:
    with (
        pytest.raises(UnavailableError, match="not possible to listen on the unix socket"),
        listening(Settings(serve_unix_socket=tmp_path / name)),
    ):
        raise AssertionError("unreachable")


def test_another_servers_socket_under_the_same_name_survives_our_end(tmp_path: Path) -> None:
    path = tmp_path / "s.sock"
    with socket.socket(socket.AF_UNIX) as other:
        with listening(Settings(serve_unix_socket=path)):
            path.unlink()
            other.bind(str(path))
        assert path.exists()

"""One worker's life, led in a thread; many of them, in processes, are in test_serving."""

import multiprocessing
import pickle
import socket
import threading

import pytest
from pydantic import SecretStr
from starlette.types import ASGIApp

from logocache.errors import DatabaseError, SettingsError
from logocache.server.workers import Failed, Ready, Work, work
from logocache.settings import Settings
from server.running import PATIENCE, get, until
from server.tiny_app import application
from server.tiny_program import prepare

pytestmark = pytest.mark.end_to_end


def refusing(_settings: Settings) -> ASGIApp:
    raise SettingsError("wrong", hint="mend it")


def task(listener: socket.socket, **given: object) -> Work:
    return Work(settings=Settings(**given), application=application, prepare=prepare, sockets=[listener])


def test_a_worker_reports_serves_and_ends_with_its_parent() -> None:
    ours, theirs = multiprocessing.Pipe()
    with socket.create_server(("127.0.0.1", 0)) as listener, theirs:
        thread = threading.Thread(target=work, args=(task(listener), theirs))
        thread.start()
        assert ours.poll(PATIENCE)
        assert ours.recv() == Ready()
        with socket.create_connection(listener.getsockname()) as client:
            client.sendall(get("/"))
            until(client, b"hello")
        ours.close()
        thread.join(PATIENCE)
        assert not thread.is_alive()


def test_a_worker_that_cannot_start_says_why() -> None:
    ours, theirs = multiprocessing.Pipe()
    broken = Work(settings=Settings(), application=refusing, prepare=prepare, sockets=[])
    with ours, theirs, pytest.raises(SystemExit):
        work(broken, theirs)
    with pytest.raises(OSError, match="closed"):
        ours.poll()


def test_the_reason_survives_the_way_between_processes() -> None:
    failed = Failed(kind=DatabaseError, problem="gone", hint="start it")
    error = pickle.loads(pickle.dumps(failed)).error
    assert type(error) is DatabaseError
    assert str(error) == "gone: start it"


def test_settings_survive_it_with_their_secrets() -> None:
    settings = Settings(admin_token=SecretStr("a secret of ours"), database_url=SecretStr("sqlite:///a.db"))
    again = pickle.loads(pickle.dumps(settings))
    assert again == settings
    assert again.admin_token.get_secret_value() == "a secret of ours"

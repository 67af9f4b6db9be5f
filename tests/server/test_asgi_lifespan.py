import asyncio

import pytest
from starlette.types import Receive, Scope, Send

from logocache.errors import DatabaseError
from logocache.server.asgi_lifespan import AsgiLifespan


async def sound(scope: Scope, receive: Receive, send: Send) -> None:
    assert (await receive())["type"] == "lifespan.startup"
    scope["state"]["key"] = "value"
    await send({"type": "lifespan.startup.complete"})
    assert (await receive())["type"] == "lifespan.shutdown"
    await send({"type": "lifespan.shutdown.complete"})
    scope["state"]["key"] = "ended"


async def raising(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    raise DatabaseError("gone", hint="start it")


async def saying_and_raising(scope: Scope, receive: Receive, send: Send) -> None:
    """As Starlette does it."""
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "Traceback"})
    raise DatabaseError("gone", hint="start it")


async def only_saying(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "no"})


async def returning(scope: Scope, receive: Receive, send: Send) -> None:
    """Does not speak the protocol."""


async def ending_badly(scope: Scope, receive: Receive, send: Send) -> None:
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    raise DatabaseError("gone", hint="start it")


def test_an_application_starts_keeps_its_state_and_ends() -> None:
    async def live() -> None:
        lifespan = AsgiLifespan(sound)
        await lifespan.start()
        assert lifespan.state == {"key": "value"}
        await lifespan.stop()
        assert lifespan.state == {"key": "ended"}

    asyncio.run(live())


@pytest.mark.parametrize("app", [raising, saying_and_raising])
def test_what_the_start_raises_comes_out_as_it_is(app: object) -> None:
    with pytest.raises(DatabaseError, match="gone"):
        asyncio.run(AsgiLifespan(app).start())  # type: ignore[arg-type]  # a table's column


@pytest.mark.parametrize("app", [only_saying, returning])
def test_a_start_without_success_is_an_error(app: object) -> None:
    with pytest.raises(RuntimeError, match=r"lifespan\.startup"):
        asyncio.run(AsgiLifespan(app).start())  # type: ignore[arg-type]  # a table's column


def test_what_the_end_raises_comes_out_too() -> None:
    async def live() -> None:
        lifespan = AsgiLifespan(ending_badly)
        await lifespan.start()
        with pytest.raises(DatabaseError):
            await lifespan.stop()

    asyncio.run(live())


def test_what_was_not_started_cannot_be_stopped_but_cancelled() -> None:
    lifespan = AsgiLifespan(sound)
    lifespan.cancel()
    with pytest.raises(RuntimeError, match="not started"):
        asyncio.run(lifespan.stop())

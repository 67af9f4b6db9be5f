import asyncio
import contextlib
import io
import json
import logging
import select

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.server_thread import PATIENCE
from logocache.cli.logs import TextFormatter
from logocache.server.access_log import LOGGER, LONGEST_PATH, MOST_HELD, AccessLog, access_log_of
from logocache.settings import Settings

Captured = pytest.CaptureFixture[str]


class Pieces(io.StringIO):
    """A stream that remembers what each write had."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def write(self, text: str) -> int:
        self.pieces.append(text)
        return len(text)


async def log(
    access_log: AccessLog, path: str = "/", *, method: str = "GET", client: str | None = "::1"
) -> None:
    access_log.write(
        method=method, path=path, status=200, seconds=0.00123, size=5, client=client, request_id="abc"
    )


def written(access_log: AccessLog, path: str, **given: str | None) -> str:
    with contextlib.redirect_stderr(io.StringIO()) as stream:
        asyncio.run(log(access_log, path, **given))  # type: ignore[arg-type]  # names of parameters
        access_log.flush()
    return stream.getvalue()


@given(path=st.text(), method=st.text(max_size=20), client=st.none() | st.text())
def test_any_text_is_one_json_line(path: str, method: str, client: str | None) -> None:
    line = written(AccessLog(as_json=True), path, method=method, client=client)
    fields = json.loads(line)
    assert line.count("\n") == 1
    assert line.isascii()
    assert (fields["path"], fields["method"], fields["client"]) == (path[:LONGEST_PATH], method, client)
    assert (fields["status"], fields["ms"], fields["bytes"], fields["request_id"]) == (200, 1.2, 5, "abc")


@given(path=st.text(max_size=LONGEST_PATH), client=st.none() | st.text())
def test_a_line_of_text_is_that_of_any_other_event(path: str, client: str | None) -> None:
    line = written(AccessLog(as_json=False), path, client=client)
    record = logging.makeLogRecord({"name": LOGGER, "msg": "request", "levelname": "INFO"})
    fields = {"method": "GET", "path": path, "status": 200, "ms": 1.2, "bytes": 5}
    vars(record).update(fields | {"client": client, "request_id": "abc"})
    moment, _, rest = TextFormatter().format(record).partition(" ")
    assert line.partition(" ")[2] == f"{rest}\n"
    assert len(line.partition(" ")[0]) == len(moment)


class Noticed(io.StringIO):
    """A stream that tells when something has been written."""

    def __init__(self) -> None:
        super().__init__()
        self.noticed = asyncio.Event()

    def write(self, text: str) -> int:
        self.noticed.set()
        return super().write(text)


def test_a_line_waits_for_others_but_not_for_long() -> None:
    async def main() -> None:
        with contextlib.redirect_stderr(Noticed()) as stream:
            await log(AccessLog(as_json=True))
            assert stream.getvalue() == ""
            await asyncio.wait_for(stream.noticed.wait(), PATIENCE)
        assert json.loads(stream.getvalue())["path"] == "/"

    asyncio.run(main())


def test_many_lines_are_written_at_once(capsys: Captured) -> None:
    async def main() -> None:
        access_log = AccessLog(as_json=True)
        for number in range(MOST_HELD):
            await log(access_log, f"/{number}")

    asyncio.run(main())
    paths = [json.loads(line)["path"] for line in capsys.readouterr().err.splitlines()]
    assert paths == [f"/{number}" for number in range(MOST_HELD)]


def test_no_write_can_be_cut_by_another_process() -> None:
    access_log = AccessLog(as_json=True)

    async def main() -> None:
        for _ in range(MOST_HELD):
            await log(access_log, "/" + "\u00fc" * 300)

    with contextlib.redirect_stderr(Pieces()) as stream:
        asyncio.run(main())
    assert all(len(piece.encode()) <= select.PIPE_BUF for piece in stream.pieces)
    assert all(piece.endswith("}\n") for piece in stream.pieces)
    assert "".join(stream.pieces).count("\n") == MOST_HELD


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, text)


def test_a_full_disk_fails_no_request() -> None:
    access_log = AccessLog(as_json=True)
    with contextlib.redirect_stderr(Full()):
        asyncio.run(log(access_log))
        access_log.flush()


@pytest.mark.parametrize("access_log", [None, False, True])
def test_a_foreign_server_logs_requests_only_if_it_is_to(access_log: bool | None) -> None:  # noqa: FBT001  # a table's column
    assert (access_log_of(Settings(access_log=access_log)) is not None) == (access_log is True)


@pytest.mark.parametrize(("log_format", "starts"), [("json", "{"), ("text", "2"), ("auto", "{")])
def test_its_form_is_that_of_the_log(log_format: str, starts: str) -> None:
    access_log = access_log_of(Settings(access_log=True, log_format=log_format))
    assert access_log is not None
    assert written(access_log, "/").startswith(starts)

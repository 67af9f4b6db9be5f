import io
import json
import logging

import pytest

from logocache.cli import logs
from logocache.settings import LogFormat


@pytest.mark.parametrize(
    ("verbosity", "quiet", "shown"),
    [
        pytest.param(0, False, ["warning", "error"], id="default"),
        pytest.param(1, False, ["info", "warning", "error"], id="-v"),
        pytest.param(2, False, ["debug", "info", "warning", "error"], id="-vv"),
        pytest.param(5, False, ["debug", "info", "warning", "error"], id="more than -vv"),
        pytest.param(0, True, ["error"], id="quiet"),
    ],
)
def test_verbosity_chooses_what_is_logged(
    verbosity: int,
    quiet: bool,  # noqa: FBT001  # a table's column
    shown: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(LogFormat.JSON, verbosity=verbosity, quiet=quiet)
    logger = logging.getLogger("logocache.test")
    for level in ("debug", "info", "warning", "error"):
        getattr(logger, level)("event")
    lines = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["level"] for line in lines] == shown


def test_json_lines_carry_the_fields_and_the_exception(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogFormat.JSON, verbosity=0, quiet=False)
    try:
        raise ValueError("inner")
    except ValueError:
        extra = {"key": "stripe", "level": "mine"}
        logging.getLogger("logocache.test").warning("fetch.failed", exc_info=True, extra=extra)
    line = json.loads(capsys.readouterr().err)
    assert line["event"] == "fetch.failed"
    assert line["logger"] == "logocache.test"
    assert line["key"] == "stripe"
    assert line["level"] == "warning"
    assert "ValueError: inner" in line["exception"]
    assert line["time"].endswith("Z")


def test_text_lines_are_clean(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogFormat.TEXT, verbosity=0, quiet=False)
    try:
        raise ValueError("in\x1bner")
    except ValueError:
        logging.getLogger("logocache.test").warning(
            "fetch.failed\n%s", "x", exc_info=True, extra={"key": "a\x1b[2J"}
        )
    first, *rest = capsys.readouterr().err.splitlines()
    assert first.endswith(" WARNING logocache.test fetch.failed x key=a\ufffd[2J")
    assert rest[-1] == "ValueError: in\ufffdner"


def test_auto_is_json_unless_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.configure(LogFormat.AUTO, verbosity=0, quiet=False)
    logging.getLogger("logocache.test").warning("event")
    assert json.loads(capsys.readouterr().err)["event"] == "event"
    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    logs.configure(LogFormat.AUTO, verbosity=0, quiet=False)
    logging.getLogger("logocache.test").warning("event")
    assert terminal.getvalue().endswith("WARNING logocache.test event\n")


@pytest.mark.parametrize(
    ("quiet", "shown"),
    [pytest.param(False, ["warning", "error"], id="default"), pytest.param(True, ["error"], id="quiet")],
)
@pytest.mark.parametrize("name", ["uvicorn.error", "asyncio"])
def test_what_the_server_runs_on_tells_of_trouble_alone(
    name: str,
    quiet: bool,  # noqa: FBT001  # a table's column
    shown: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(LogFormat.JSON, verbosity=2, quiet=quiet)
    for level in ("debug", "info", "warning", "error"):
        getattr(logging.getLogger(name), level)("event")
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["level"] for line in lines] == shown
    assert {line["logger"] for line in lines} == {name}


def test_other_libraries_stay_silent_and_a_closed_stream_does_no_harm(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    logs.configure(LogFormat.TEXT, verbosity=2, quiet=False)
    logging.getLogger("httpx").info("GET https://example.com/?token=secret")
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("sys.stderr", None)
    logging.getLogger("logocache.test").warning("nobody reads this")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True

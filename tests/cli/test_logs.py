import io
import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    assert first.endswith(r' WARNING logocache.test "fetch.failed\nx" key="a\u001b[2J"')
    assert rest[-1] == "  ValueError: in\ufffdner"


@pytest.mark.parametrize(
    ("value", "written"),
    [
        pytest.param("/logos/stripe.png", "path=/logos/stripe.png", id="plain"),
        pytest.param("/x status=200", 'path="/x status=200"', id="a space and a field"),
        pytest.param("/x=1", 'path="/x=1"', id="an equals sign"),
        pytest.param('/"x" y', r'path="/\"x\" y"', id="quotes"),
        pytest.param("/x\n2026-01-31T12:00:00Z ERROR", r'path="/x\n2026-01-31T12:00:00Z ERROR"', id="a line"),
        pytest.param("\x1b]0;x\x07\x9b2J", r'path="\u001b]0;x\u0007\u009b2J"', id="a terminal's controls"),
        pytest.param("a\u202eb\u2028c\u00a0d", r'path="a\u202eb\u2028c\u00a0d"', id="invisible ones"),
        pytest.param("\udcff", r'path="\udcff"', id="half of a pair"),
        pytest.param("", 'path=""', id="nothing"),
        pytest.param("C:\\x", "path=C:\\x", id="a backslash alone"),
        pytest.param("bücher", "path=bücher", id="letters"),
        pytest.param(404, "path=404", id="a number"),
    ],
)
def test_no_value_can_pass_for_a_field(
    value: object, written: str, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(LogFormat.TEXT, verbosity=0, quiet=False)
    logging.getLogger("logocache.test").warning("request", extra={"path": value, "status": 404})
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f" WARNING logocache.test request {written} status=404")


@given(st.text() | st.text(alphabet='= "\\\n\r\x1b\x85\u2028a'))
def test_a_line_can_be_read_back(value: str) -> None:
    record = logging.makeLogRecord({"name": "logocache", "msg": "request", "path": value, "status": 404})
    line = logs.TextFormatter().format(record)
    assert line.isprintable()
    written = line.partition(" request path=")[2].removesuffix(" status=404")
    assert (json.loads(written) if written.startswith('"') else written) == value


def test_an_exception_cannot_pass_for_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    logs.configure(LogFormat.TEXT, verbosity=0, quiet=False)
    try:
        raise ValueError("x\n2026-01-31T12:00:00.000Z ERROR logocache forged")
    except ValueError:
        logging.getLogger("logocache.test").exception("broken")
    _, *rest = capsys.readouterr().err.splitlines()
    assert all(line.startswith("  ") for line in rest)


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

import contextvars
import logging
import re

import pytest

from logocache.server.access_log import RequestIds, begin_request, current_request_id


def begun(sent: bytes | None) -> str:
    """The id of a request, in a context that ends with it."""
    return contextvars.copy_context().run(begin_request, sent)


@pytest.mark.parametrize(
    "sent", [b"a", b"5f2c-9a0e_4b7d.1836", b"x" * 64], ids=["one", "all kinds", "longest"]
)
def test_an_acceptable_id_is_kept(sent: bytes) -> None:
    assert begun(sent) == sent.decode()


@pytest.mark.parametrize(
    "sent",
    [None, b"", b"x" * 65, b"two words", b"line\nbreak", b"ends\n", b'"quoted"', "ü".encode(), b"\xff"],
    ids=[
        "none",
        "empty",
        "too long",
        "blank",
        "line break",
        "final line break",
        "quotes",
        "utf-8",
        "no text",
    ],
)
def test_anything_else_is_replaced_by_a_new_id(sent: bytes | None) -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", begun(sent))


def test_new_ids_differ() -> None:
    assert len({begun(None) for _ in range(100)}) == 100


def test_outside_of_a_request_there_is_none() -> None:
    assert contextvars.copy_context().run(current_request_id) is None


def test_log_records_get_the_id_of_the_request_they_were_made_in() -> None:
    record = logging.makeLogRecord({})

    def in_request() -> None:
        begin_request(b"abc")
        assert RequestIds().filter(record)

    contextvars.copy_context().run(in_request)
    assert vars(record)["request_id"] == "abc"


def test_log_records_keep_an_id_of_their_own_and_get_none_outside_of_a_request() -> None:
    own, outside = logging.makeLogRecord({"request_id": "own"}), logging.makeLogRecord({})

    def in_request() -> None:
        begin_request(b"abc")
        RequestIds().filter(own)

    contextvars.copy_context().run(in_request)
    contextvars.copy_context().run(RequestIds().filter, outside)
    assert vars(own)["request_id"] == "own"
    assert not hasattr(outside, "request_id")

"""Messages are JSON and bytes of bounded length, and nothing else."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.image_samples import SIGNATURE, encoded, two_colours
from logocache.images.messages import HEADER, LARGEST_FIELDS, Message, ProtocolError, receive, stored_size

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=8,
)


def reader(data: bytes) -> io.BytesIO:
    return io.BytesIO(data)


@given(st.dictionaries(st.text(), values, max_size=4), st.binary())
def test_packing_and_receiving_are_inverse(fields: dict[str, object], blob: bytes) -> None:
    message = Message(fields=fields, blob=blob)  # type: ignore[arg-type]  # Hypothesis knows only `object`
    stream = reader(message.pack() + b"the next message")
    assert receive(stream.read) == message
    assert stream.read() == b"the next message"


def test_names_of_files_that_are_not_utf_8_survive() -> None:
    message = Message(fields={"path": b"/a\xff.png".decode(errors="surrogateescape")})
    assert receive(reader(message.pack()).read) == message


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        pytest.param(HEADER.pack(LARGEST_FIELDS + 1, 0), "a message of", id="fields too long"),
        pytest.param(HEADER.pack(2, 101) + b"{}", "a message of", id="bytes too many"),
        pytest.param(HEADER.pack(1, 0) + b"{", "not JSON", id="no JSON"),
        pytest.param(HEADER.pack(1, 0) + b"\xff", "not JSON", id="no text"),
        pytest.param(HEADER.pack(2, 0) + b"[]", "not an object", id="a list"),
        pytest.param(HEADER.pack(200_000, 0) + b"[" * 200_000, "not JSON", id="too deep"),
        pytest.param(HEADER.pack(9000, 0) + b"9" * 9000, "not JSON", id="a number too long"),
    ],
)
def test_anything_else_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(ProtocolError, match=problem):
        receive(reader(data).read, largest_blob=100)


GOOD = encoded(two_colours((40, 20)), "PNG")


@pytest.mark.parametrize("size", [(1, 1), (40, 20), (512, 512), (1, 512)])
def test_the_size_is_read_without_decoding(size: tuple[int, int]) -> None:
    head = encoded(two_colours(size), "PNG")[:24]
    assert stored_size(head) == size


@pytest.mark.parametrize(
    ("png", "problem"),
    [
        pytest.param(b"", "not a PNG of ours", id="nothing"),
        pytest.param(b"<html>", "not a PNG of ours", id="not a PNG"),
        pytest.param(SIGNATURE, "not a PNG of ours", id="a signature alone"),
        pytest.param(GOOD[:23], "not a PNG of ours", id="cut off within its size"),
        pytest.param(GOOD + bytes(2_000_000), "not a PNG of ours", id="too many bytes"),
        pytest.param(encoded(two_colours((513, 2)), "PNG"), "513×2", id="too wide"),
        pytest.param(encoded(two_colours((2, 513)), "PNG"), "2×513", id="too tall"),
        pytest.param(GOOD[:16] + bytes(8) + GOOD[24:], "0×0", id="no pixels"),
    ],
)
def test_what_we_cannot_have_stored_is_refused(png: bytes, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        stored_size(png)

"""Foreign errors pass one door, and leave it as one printable line."""

import struct
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.images.errors import LONGEST_REASON, DecodingFailed, ImageRefused, one_line, refusing


@pytest.mark.parametrize(
    "error",
    [
        OSError,
        SyntaxError,
        ValueError,
        struct.error,
        zlib.error,
        EOFError,
        OverflowError,
        KeyError,
        RecursionError,
    ],
)
def test_whatever_a_decoder_raises_is_a_refusal_that_names_the_cause(error: type[Exception]) -> None:
    with pytest.raises(ImageRefused, match=r"a broken thing: '?why") as caught, refusing("a broken thing"):
        raise error("why")
    assert isinstance(caught.value.__cause__, error)
    assert not caught.value.rejection.is_blank


def test_an_error_without_words_is_named_by_its_class() -> None:
    with pytest.raises(ImageRefused, match="a broken thing: EOFError"), refusing("a broken thing"):
        raise EOFError


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        pytest.param(OSError("out of memory error when reading image file"), id="Pillow's codecs"),
        pytest.param(ValueError("Failed to decode frame 0: Out of memory"), id="libavif"),
        pytest.param(RuntimeError("memory allocation of 400 bytes failed"), id="Rust"),
    ],
)
def test_lack_of_memory_is_no_refusal(error: Exception) -> None:
    with pytest.raises(DecodingFailed, match="more memory than decoders may use"), refusing("it"):
        raise error


def test_a_refusal_passes_unchanged() -> None:
    refused = ImageRefused("blank", is_blank=True)
    with pytest.raises(ImageRefused) as caught, refusing("outer"):
        raise refused
    assert caught.value is refused


def test_what_ends_the_program_is_let_through() -> None:
    with pytest.raises(KeyboardInterrupt), refusing("it"):
        raise KeyboardInterrupt


@given(st.text(max_size=LONGEST_REASON * 8))
def test_a_reason_is_one_printable_line_of_bounded_length(text: str) -> None:
    line = one_line(text)
    assert len(line) <= LONGEST_REASON
    assert line.isprintable()


def test_a_short_reason_is_left_as_it_is_but_for_its_blanks() -> None:
    assert one_line(" a\n\tb\x1b[31m c ") == "a b [31m c"
    assert one_line("x" * 500).endswith("…")

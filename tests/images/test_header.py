"""What may be a stored logo, by its head alone."""

import pytest

from harness.image_samples import SIGNATURE, encoded, two_colours
from logocache.images.messages import stored_size

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

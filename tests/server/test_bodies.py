"""Bytes in memory, within their budget."""

from hypothesis import given
from hypothesis import strategies as st

from logocache.queries import ImageFormat
from logocache.server.memory import OVERHEAD_BYTES, CachedBody, ResponseCache


def body(content: bytes, image_format: ImageFormat = ImageFormat.PNG) -> CachedBody:
    return CachedBody.of(content, image_format)


def test_what_was_put_is_found_by_name_and_form() -> None:
    bodies = ResponseCache(10_000)
    bodies.put("a.png", "64-png", body(b"small"))
    bodies.put("a.png", "full-png", body(b"whole"))
    small = bodies.get("a.png", "64-png")
    assert small is not None
    assert (small.content, small.media_type) == (b"small", "image/png")
    assert bodies.get("a.png", "32-png") is None
    assert bodies.get("b.png", "64-png") is None


def test_the_tag_is_that_of_the_bytes() -> None:
    assert body(b"one").etag == body(b"one", ImageFormat.WEBP).etag
    assert body(b"one").etag != body(b"two").etag


def test_the_one_used_longest_ago_goes_first() -> None:
    bodies = ResponseCache(2 * (OVERHEAD_BYTES + 3))
    bodies.put("a", "", body(b"aaa"))
    bodies.put("b", "", body(b"bbb"))
    bodies.get("a", "")
    bodies.put("c", "", body(b"ccc"))
    assert bodies.get("a", "") is not None
    assert bodies.get("b", "") is None
    assert bodies.get("c", "") is not None


def test_putting_it_again_counts_it_once() -> None:
    bodies = ResponseCache(10_000)
    bodies.put("a", "", body(b"first"))
    bodies.put("a", "", body(b"second!"))
    assert (len(bodies), bodies.size_bytes) == (1, OVERHEAD_BYTES + 7)


def test_without_memory_nothing_is_kept() -> None:
    bodies = ResponseCache(0)
    bodies.put("a", "", body(b"a"))
    assert (len(bodies), bodies.size_bytes) == (0, 0)


@given(
    st.integers(0, 3000),
    st.lists(st.tuples(st.sampled_from("abcde"), st.binary(max_size=1000)), max_size=30),
)
def test_the_budget_always_holds(budget: int, puts: list[tuple[str, bytes]]) -> None:
    bodies = ResponseCache(budget)
    for name, content in puts:
        bodies.put(name, "", body(content))
        assert bodies.size_bytes <= budget
        kept = [bodies.get(each, "") for each in "abcde"]
        assert bodies.size_bytes == sum(len(each.content) + OVERHEAD_BYTES for each in kept if each)

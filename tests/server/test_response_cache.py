"""Bytes in memory, within their budget."""

from hypothesis import given
from hypothesis import strategies as st

from logocache.queries import ImageFormat
from logocache.server.memory import OVERHEAD_BYTES, CachedBody, ResponseCache


def body(content: bytes, image_format: ImageFormat = ImageFormat.PNG) -> CachedBody:
    return CachedBody.of(content, image_format)


def test_what_was_put_is_found_by_name_and_form() -> None:
    responses = ResponseCache(10_000)
    responses.put("a.png", "64-png", body(b"small"))
    responses.put("a.png", "full-png", body(b"whole"))
    small = responses.get("a.png", "64-png")
    assert small is not None
    assert (small.content, small.media_type) == (b"small", "image/png")
    assert responses.get("a.png", "32-png") is None
    assert responses.get("b.png", "64-png") is None


def test_the_tag_is_that_of_the_bytes() -> None:
    assert body(b"one").etag == body(b"one", ImageFormat.WEBP).etag
    assert body(b"one").etag != body(b"two").etag


def test_the_one_used_longest_ago_goes_first() -> None:
    responses = ResponseCache(2 * (OVERHEAD_BYTES + 3))
    responses.put("a", "", body(b"aaa"))
    responses.put("b", "", body(b"bbb"))
    responses.get("a", "")
    responses.put("c", "", body(b"ccc"))
    assert responses.get("a", "") is not None
    assert responses.get("b", "") is None
    assert responses.get("c", "") is not None


def test_putting_it_again_counts_it_once() -> None:
    responses = ResponseCache(10_000)
    responses.put("a", "", body(b"first"))
    responses.put("a", "", body(b"second!"))
    assert (len(responses), responses.size_bytes) == (1, OVERHEAD_BYTES + 7)


def test_without_memory_nothing_is_kept() -> None:
    responses = ResponseCache(0)
    responses.put("a", "", body(b"a"))
    assert (len(responses), responses.size_bytes) == (0, 0)


@given(
    st.integers(0, 3000),
    st.lists(st.tuples(st.sampled_from("abcde"), st.binary(max_size=1000)), max_size=30),
)
def test_the_budget_always_holds(budget: int, puts: list[tuple[str, bytes]]) -> None:
    responses = ResponseCache(budget)
    for name, content in puts:
        responses.put(name, "", body(content))
        assert responses.size_bytes <= budget
        kept = [responses.get(each, "") for each in "abcde"]
        assert responses.size_bytes == sum(len(each.content) + OVERHEAD_BYTES for each in kept if each)

"""What the database knows of images that are no logos."""

from contextlib import closing
from datetime import timedelta

import pytest

from harness.entries import due_keys, store
from harness.factories import NOW, make_cached
from logocache.model import LogoRecord, Origin, PlaceholderProof
from logocache.repository import Repository
from logocache.repository.database import Database
from logocache.repository.engine import parse_address
from logocache.repository.provider_placeholders import MOST_ENTRIES, Placeholders, Sightings

PROVEN, SHARED = PlaceholderProof.PROVEN, PlaceholderProof.SHARED
AMONG_STRANGERS = PlaceholderProof.SHARED_ON_DEMAND
DIGESTS = [f"{number:064x}" for number in range(6)]


def shown_by(key: str, origin: Origin = Origin.CATALOG, *, content: bytes = b"globe") -> LogoRecord:
    return make_cached(key, content=content, origin=origin)


GLOBE = shown_by("any")
assert GLOBE.file is not None
SHA256 = GLOBE.file.sha256


def test_entries_that_show_an_image_are_told(repository: Repository) -> None:
    store(repository, shown_by("a"), shown_by("b.test", Origin.ON_DEMAND), shown_by("c", content=b"own"))
    store(repository, make_cached("d", content=b"globe", provider="duckduckgo"))
    found = repository.placeholders.sightings("site", SHA256)
    assert found == Sightings(entries=(("a.test", Origin.CATALOG), ("b.test.test", Origin.ON_DEMAND)))
    assert repository.placeholders.sightings("si\0te", SHA256) == Sightings()


def test_only_so_many_entries_are_read(repository: Repository) -> None:
    store(repository, *(shown_by(f"company{number:03}") for number in range(MOST_ENTRIES + 9)))
    assert len(repository.placeholders.sightings("site", SHA256).entries) == MOST_ENTRIES


@pytest.mark.parametrize(
    ("proofs", "news", "last"),
    [
        pytest.param([SHARED, SHARED], [True, False], SHARED, id="known"),
        pytest.param([AMONG_STRANGERS, SHARED, PROVEN], [True, True, True], PROVEN, id="ever more"),
        pytest.param([PROVEN, SHARED, AMONG_STRANGERS], [True, False, False], PROVEN, id="no less"),
    ],
)
def test_the_strongest_proof_is_remembered(
    repository: Repository, proofs: list[PlaceholderProof], news: list[bool], last: PlaceholderProof
) -> None:
    learnt = [repository.placeholders.learn("site", SHA256, proof, now=NOW) for proof in proofs]
    assert learnt == news
    assert repository.placeholders.sightings("site", SHA256).proof is last
    assert repository.placeholders.sightings("duckduckgo", SHA256).proof is None
    assert repository.placeholders.sightings("site", DIGESTS[0]).proof is None


def test_the_first_learnt_are_forgotten_first(migrated_url: str) -> None:
    with closing(Database(parse_address(migrated_url), lock_wait=5)) as database:
        few = Placeholders(database, most_learnt=3)
        for number, digest in enumerate(DIGESTS):
            few.learn("site", digest, SHARED, now=NOW + timedelta(seconds=number))
        assert [few.sightings("site", digest).proof for digest in DIGESTS] == [None] * 3 + [SHARED] * 3


@pytest.mark.parametrize(
    ("proof", "due"), [(SHARED, ["a", "b.test"]), (AMONG_STRANGERS, ["b.test"])], ids=["all", "strangers"]
)
def test_entries_with_the_image_become_due(
    repository: Repository, proof: PlaceholderProof, due: list[str]
) -> None:
    store(repository, shown_by("a"), shown_by("b.test", Origin.ON_DEMAND), shown_by("c", content=b"own"))
    before = repository.generation()
    repository.placeholders.make_due("site", SHA256, proof)
    assert sorted(due_keys(repository)) == due
    assert repository.generation() > before
    again = repository.generation()
    repository.placeholders.make_due("site", DIGESTS[0], proof)
    assert repository.generation() == again

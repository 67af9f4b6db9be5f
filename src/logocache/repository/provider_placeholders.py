"""Images of providers that are no logos: which entries show them, and what was learnt of them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, and_, delete, insert, select, update

from logocache.model import LogoRecord, Origin, PlaceholderProof, Status
from logocache.repository.batching import Batcher
from logocache.repository.database import Database
from logocache.repository.filters import Condition, among, equal
from logocache.repository.mapping import RECORD_COLUMNS, record_of
from logocache.repository.tables import AS_SOON_AS_POSSIBLE, LOGO, PLACEHOLDER
from logocache.repository.totals import advance_generation

MOST_ENTRIES = 64
"""Entries with one image that are looked at: more tell nothing new."""
MOST_LEARNT = 4096
"""Images remembered. The first learnt are forgotten first."""

_STRENGTH = {proof: strength for strength, proof in enumerate(PlaceholderProof)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Sightings:
    """What is known of one image of a provider."""

    proof: PlaceholderProof | None = None
    entries: Sequence[tuple[str, Origin]] = ()
    """Domains of entries that have it as their logo; not all if they are many."""


class Placeholders:
    """Memory of images that are no logos, which outlives the process.

    Safe to use from several threads. Methods raise `DatabaseError`.
    """

    def __init__(self, database: Database, *, most_learnt: int = MOST_LEARNT) -> None:
        self._database = database
        self._most_learnt = most_learnt
        self._sightings = Batcher(self._seen)

    def sightings(self, provider: str, sha256: str) -> Sightings:
        """Return what is known of an image. Threads that ask together share two statements."""
        return self._sightings.ask((provider, sha256))

    def _seen(self, images: Sequence[tuple[str, str]]) -> Sequence[Sightings]:
        proofs: dict[tuple[str, str], PlaceholderProof] = {}
        entries: defaultdict[tuple[str, str], list[tuple[str, Origin]]] = defaultdict(list)
        with self._database.read() as connection:
            for provider in {provider for provider, _ in images}:
                digests = [sha256 for asked, sha256 in images if asked == provider]
                learnt = select(PLACEHOLDER.c.sha256, PLACEHOLDER.c.proof)
                for sha256, proof in connection.execute(
                    learnt.where(*_are_images(PLACEHOLDER, provider, digests))
                ):
                    proofs[provider, sha256] = proof
                shown = select(LOGO.c.sha256, LOGO.c.domain, LOGO.c.origin)
                shown = shown.where(*_are_images(LOGO, provider, digests)).order_by(LOGO.c.sha256, LOGO.c.key)
                for sha256, domain, origin in connection.execute(shown.limit(MOST_ENTRIES * len(digests))):
                    entries[provider, sha256].append((domain, origin))
        return [Sightings(proof=proofs.get(image), entries=tuple(entries[image])) for image in images]

    def learn(self, provider: str, sha256: str, proof: PlaceholderProof, *, now: datetime) -> bool:
        """Remember the proof; return False if as much was known."""
        learnt_at = PLACEHOLDER.c.learnt_at
        first = select(learnt_at).order_by(learnt_at.desc()).offset(self._most_learnt).limit(1)
        with self._database.write() as connection:
            known = _proof(connection, provider, sha256)
            if known is not None and _STRENGTH[known] >= _STRENGTH[proof]:
                return False
            connection.execute(delete(PLACEHOLDER).where(_is_image(PLACEHOLDER, provider, sha256)))
            connection.execute(
                insert(PLACEHOLDER).values(provider=provider, sha256=sha256, proof=proof, learnt_at=now)
            )
            connection.execute(delete(PLACEHOLDER).where(learnt_at <= first.scalar_subquery()))
        return True

    def entries(self, provider: str, sha256: str) -> Sequence[LogoRecord]:
        """Return all entries whose file is this image."""
        query = select(*RECORD_COLUMNS).where(_is_image(LOGO, provider, sha256)).order_by(LOGO.c.key)
        with self._database.read() as connection:
            return [record_of(row) for row in connection.execute(query).mappings()]

    def make_due(self, provider: str, sha256: str, proof: PlaceholderProof) -> None:
        """Make the entries due whose logo is this image, and to which `proof` applies."""
        conditions = [_is_image(LOGO, provider, sha256), LOGO.c.status == Status.CACHED]
        if proof is PlaceholderProof.SHARED_ON_DEMAND:
            conditions.append(LOGO.c.origin == Origin.ON_DEMAND)
        due = update(LOGO).where(*conditions).values(next_attempt_at=AS_SOON_AS_POSSIBLE)
        with self._database.write() as connection:
            if connection.execute(due).rowcount:
                advance_generation(connection)


def _is_image(table: Table, provider: str, sha256: str) -> Condition:
    return and_(equal(table.c.provider, provider), equal(table.c.sha256, sha256))


def _are_images(table: Table, provider: str, digests: Sequence[str]) -> tuple[Condition, Condition]:
    return equal(table.c.provider, provider), among(table.c.sha256, digests)


def _proof(connection: Connection, provider: str, sha256: str) -> PlaceholderProof | None:
    query = select(PLACEHOLDER.c.proof).where(_is_image(PLACEHOLDER, provider, sha256))
    return connection.execute(query).scalar_one_or_none()

"""Compare the images of one entry's sources."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace

from logocache.model import ImageInfo, Integration, LogoRecord
from logocache.operations.fetch_log import Choice
from logocache.policy.acceptance import Grade, grade, score
from logocache.policy.ownership import Stranger
from logocache.policy.preference import Order, Preference
from logocache.ports import Answer, Candidate, NormalisedImage, ProviderTerms

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    choice: Choice
    info: ImageInfo
    preference: Preference
    grade: Grade
    score: float

    @property
    def rank(self) -> tuple[Preference, Grade, float]:
        return (self.preference, self.grade, self.score)


def graded(
    candidate: Candidate,
    terms: ProviderTerms,
    image: NormalisedImage | None,
    info: ImageInfo,
    answer: Answer,
    digest: str,
    order: Order,
    stranger: Stranger | None,
) -> Graded:
    choice = Choice(
        candidate=candidate,
        terms=terms,
        image=image,
        etag=answer.etag,
        last_modified=answer.last_modified,
        candidates_digest=digest,
    )
    found = grade(info, candidate.purpose)
    is_flawed = image is not None and image.flaw is not None
    if is_flawed or stranger is not None:
        found = min(found, Grade.POOR)
    preference = Preference.STRANGER
    if stranger is None:
        preference = order.of(candidate, info, found, is_flawed=is_flawed)
    rank = score(info, candidate.purpose)
    return Graded(choice=choice, info=info, preference=preference, grade=found, score=rank)


def better(best: Graded | None, found: Graded | None) -> Graded | None:
    """The better of two; the earlier one among equals."""
    if best is None or (found is not None and found.rank > best.rank):
        return found
    return best


def believed(graded: Graded, integration: Integration) -> Graded:
    """The operator's own image, whatever it is; with a warning if it is small, long or cannot be seen."""
    if graded.grade is not Grade.GOOD:
        extra = {"key": integration.key, "width": graded.info.width, "height": graded.info.height}
        _log.warning("own_file.unusual", extra=extra)
    return replace(graded, grade=max(graded.grade, Grade.POOR))


def is_enough(best: Graded, waiting: Sequence[Candidate]) -> bool:
    """True if no further image of the source is looked at.

    A good one ends the search, unless it is smaller than it claimed: then others may keep their claims.
    """
    if best.grade is not Grade.GOOD:
        return False
    claimed, real = best.choice.candidate.expected_size, max(best.info.width, best.info.height)
    keeps_its_claim = best.info.is_vector or claimed is None or real >= claimed
    return keeps_its_claim or all((other.expected_size or 0) <= real for other in waiting)


def settled(
    candidates: Sequence[Candidate], digest: str, terms: ProviderTerms, record: LogoRecord
) -> tuple[Candidate, ...]:
    """The candidate chosen last time, if the source's offer has not changed since."""
    if record.candidates_digest != digest or record.provider != terms.id or record.file is None:
        return ()
    return tuple(candidate for candidate in candidates if candidate.url == record.source_url)[:1]

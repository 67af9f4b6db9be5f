"""Which of an entry's images a person would choose, and in which order sources are asked.

an entry that names icon sets             any other entry
its field `prefer`                        its field `prefer`
sources before `site` in the chain        the first good image in the order of the chain
the site's vector, or 128 pixels
a coloured vector of an icon set
the site's smaller icon
a vector of one colour
all else, in the order of the chain
what is another owner's
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import IntEnum

from logocache.model import IconPurpose, ImageInfo, Integration, LogoRecord, StoredFile
from logocache.policy.acceptance import SQUARISH, Grade, score
from logocache.policy.acceptance import grade as grade_of
from logocache.policy.ownership import Stranger
from logocache.ports import ICON_SETS, SITE, Answer, Candidate, NormalisedImage, ProviderTerms

LARGE = 128
"""Pixels from which a site's icon precedes the drawing in an icon set."""
SMALLEST_ICON = 32
"""Pixels from which a site's icon precedes a drawing of one colour."""
ANY_SET = frozenset({"iconset", "iconsets"})
"""Values of `Integration.prefer`; others are `site` and the names of sets."""


class Preference(IntEnum):
    """Rank of a source's image, apart from its pixels. Worst first."""

    STRANGER = 0
    """Of another owner (`policy.ownership`)."""
    REST = 1
    ONE_COLOUR = 2
    SMALL_ICON = 3
    COLOURED = 4
    LARGE_ICON = 5
    AHEAD = 6
    """Of a source that the operator placed before the company's site."""
    CHOSEN = 7
    """By the entry's field `prefer`."""


@dataclass(frozen=True, slots=True)
class Order:
    """The order of preference for one entry; `chain` are the sources in the operator's order."""

    entry: Integration
    chain: Sequence[str]

    def highest(self, provider: str) -> Preference:
        """The highest preference that an image of `provider` can have."""
        wish = self.entry.prefer
        if wish is not None and provider == (SITE if wish == SITE else ICON_SETS):
            return Preference.CHOSEN
        if not self.entry.icons:
            return Preference.REST
        if self._is_ahead(provider):
            return Preference.AHEAD
        return {SITE: Preference.LARGE_ICON, ICON_SETS: Preference.COLOURED}.get(provider, Preference.REST)

    def of(self, offer: Candidate, image: ImageInfo, grade: Grade, *, is_flawed: bool = False) -> Preference:
        """The preference of an image; `is_flawed` if it is poor for another reason than its pixels."""
        usual = Preference.REST if is_flawed else _usual(offer, image, grade)
        wish = self.entry.prefer
        if wish is not None and usual is not Preference.REST:
            is_wanted = (
                offer.provider == ICON_SETS if wish in ANY_SET else wish in {offer.provider, offer.icon_set}
            )
            if is_wanted:
                return Preference.CHOSEN
        if not self.entry.icons:
            return Preference.REST
        return Preference.AHEAD if grade is Grade.GOOD and self._is_ahead(offer.provider) else usual

    def is_worse(
        self, provider: str, preference: Preference, grade: Grade, *, stored: StoredFile, source: str | None
    ) -> bool:
        """True if an image of `provider` is worse than the `stored` one of `source`.

        Compares preferences, then grades, then positions in the chain. The stored one counts as the
        source's own.
        """
        image = ImageInfo(format="png", width=stored.width, height=stored.height)
        had = grade_of(image, IconPurpose.GENERAL)
        was = self.of(Candidate(provider=source or "", url=""), image, had)
        return (preference, grade, -self._place(provider)) < (was, had, -self._place(source))

    def _place(self, provider: str | None) -> int:
        """Position in the chain. A source that is no longer asked comes last."""
        return self.chain.index(provider) if provider in self.chain else len(self.chain)

    def _is_ahead(self, provider: str) -> bool:
        return SITE in self.chain and self._place(provider) < self._place(SITE)


def _usual(offer: Candidate, image: ImageInfo, grade: Grade) -> Preference:
    short, long = sorted((image.width, image.height))
    if offer.provider == ICON_SETS and grade is Grade.GOOD:
        return Preference.ONE_COLOUR if offer.is_one_colour else Preference.COLOURED
    if offer.provider == SITE and grade is Grade.GOOD and (image.is_vector or long >= LARGE):
        return Preference.LARGE_ICON
    if offer.provider == SITE and image.shows_on_white and long >= SMALLEST_ICON and short >= long * SQUARISH:
        return Preference.SMALL_ICON
    return Preference.REST


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """The chosen image and its source's facts. `image` is None if the stored file is current."""

    candidate: Candidate
    terms: ProviderTerms
    image: NormalisedImage | None
    etag: str | None
    last_modified: str | None
    candidates_digest: str = ""
    """Set when all candidates of the source have been compared."""


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
    order: Order,
    stranger: Stranger | None,
    *,
    flaw: str | None,
) -> Graded:
    choice = Choice(
        candidate=candidate,
        terms=terms,
        image=image,
        etag=answer.etag,
        last_modified=answer.last_modified,
    )
    found = grade_of(info, candidate.purpose)
    if flaw is not None or stranger is not None:
        found = min(found, Grade.POOR)
    preference = Preference.STRANGER
    if stranger is None:
        preference = order.of(candidate, info, found, is_flawed=flaw is not None)
    rank = score(info, candidate.purpose)
    return Graded(choice=choice, info=info, preference=preference, grade=found, score=rank)


def better(best: Graded | None, found: Graded | None) -> Graded | None:
    """The better of two; the earlier one among equals."""
    if best is None or (found is not None and found.rank > best.rank):
        return found
    return best


def believed(graded: Graded) -> Graded:
    """The operator's own image, whatever it is."""
    return replace(graded, grade=max(graded.grade, Grade.POOR))


def is_enough(best: Graded, waiting: Sequence[Candidate]) -> bool:
    """True if no further image of the source is looked at.

    A good one ends the search, unless it is smaller than it claimed: then others may keep their claims. One
    that is too small to precede a drawing in an icon set gives way to others that may be large.
    """
    if best.grade is not Grade.GOOD:
        return False
    claimed, real = best.choice.candidate.expected_size, max(best.info.width, best.info.height)
    is_small = best.preference is Preference.SMALL_ICON
    if not is_small and (best.info.is_vector or claimed is None or real >= claimed):
        return True
    unclaimed = LARGE if is_small else 0
    return all((other.expected_size or unclaimed) <= real for other in waiting)


def settled(
    candidates: Sequence[Candidate], digest: str, terms: ProviderTerms, record: LogoRecord
) -> tuple[Candidate, ...]:
    """The candidate chosen last time, if the source's offer has not changed since."""
    if record.candidates_digest != digest or record.provider != terms.id or record.file is None:
        return ()
    return tuple(candidate for candidate in candidates if candidate.url == record.source_url)[:1]

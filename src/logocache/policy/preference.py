"""Which of an entry's sources a person would choose, and in which order they are asked.

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
from dataclasses import dataclass
from enum import IntEnum

from logocache.model import IconPurpose, ImageInfo, Integration, StoredFile
from logocache.policy.acceptance import SQUARISH, Grade
from logocache.policy.acceptance import grade as grade_of
from logocache.ports import ICON_SETS, SITE, Candidate

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

"""What may take the place of a stored logo. The logo of a good source is never lost to a worse one
because that source was down, or because a file was.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from logocache.model import IconPurpose, ImageInfo, LogoRecord, Status, StoredFile
from logocache.policy.acceptance import grade
from logocache.policy.attempts import NO_LOGO, SourceResult

RECOVERED = "recovered"
"""The provider recorded for a logo whose file was found again after its database was lost."""


def says_gone(provider: str | None, asked: Collection[str], results: Sequence[SourceResult]) -> bool:
    """True if `provider`, one of those `asked`, says that it has no logo: a failure to ask says nothing."""
    return provider in asked and all(each.kind in NO_LOGO for each in results if each.provider == provider)


def stands(
    record: LogoRecord, *, is_intact: bool, is_gone: bool, now: datetime, refresh_interval: timedelta
) -> bool:
    """True if the stored logo of `record` is to be kept against worse ones.

    It is until its source has said twice, a refresh interval apart, that it has it no more: `is_gone`
    is what it says now. A file that is not there (`is_intact` is False) changes nothing about that.
    """
    if record.status is not Status.CACHED:
        return False
    if record.candidates_digest is None:
        # Chosen from no offer of this entry's sources: found again, or left from another domain.
        return record.provider == RECOVERED and is_intact
    said_before = record.source_gone_at is not None and now - record.source_gone_at >= refresh_interval
    return not (is_gone and said_before)


def is_worse(
    width: int, height: int, provider: str, *, stored: StoredFile, source: str | None, chain: Sequence[str]
) -> bool:
    """True if an image of `provider` is worse than the `stored` one, which `source` gave.

    First the pixels decide, then the order of the chain. A source that is not asked any more comes last.
    """
    offered, had = (
        grade(ImageInfo(format="png", width=each[0], height=each[1]), IconPurpose.GENERAL)
        for each in ((width, height), (stored.width, stored.height))
    )
    return (offered, -_place(provider, chain)) < (had, -_place(source, chain))


def _place(provider: str | None, chain: Sequence[str]) -> int:
    return chain.index(provider) if provider in chain else len(chain)

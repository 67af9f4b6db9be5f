"""Where an icon set is had from: the network, or a file."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from logocache.domains import origin_of, quoted
from logocache.errors import ProviderError
from logocache.model import OutcomeKind
from logocache.operations.context import Context
from logocache.policy.attempts import COULD_NOT_ASK
from logocache.ports import ICON_SETS, Answer, FetchRequest, IconSetDocument
from logocache.settings.sources import iconify_file, read_input
from logocache.store.icon_set_files import LARGEST_SET, IconSetChange, KeptSet

SCOPE = "@iconify-json/"
INTERVAL = timedelta(days=30)
"""Between two requests for a set; all but the first are conditional."""
MAX_ABOUT_BYTES = 1_000_000
"""Of `info.json` and `package.json`, which have less than a thousand."""
UNKNOWN = KeptSet()


class SetFailedError(Exception):
    """A set could not be had from the network; `answer.reason` says why."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer)


def url_of(context: Context, name: str, file: str = "icons.json") -> str:
    return f"{context.settings.iconify_url}/{SCOPE}{name}/{file}"


def fetched(context: Context, name: str, kept: KeptSet, change: IconSetChange) -> KeptSet:
    """The set as its source has it now; written, but not yet known to others.

    Raises SetFailedError if it cannot be had, and OSError if it cannot be written.
    """
    url, now = url_of(context, name), context.clock()
    is_known = kept.source == url and context.icon_sets.is_intact(kept)
    answer = _ask(context, url, LARGEST_SET, kept if is_known else UNKNOWN)
    current = {"checked_at": now, "next_check_at": now + INTERVAL, "failures": 0, "problem": None}
    if answer.kind is OutcomeKind.UNCHANGED:
        return kept.model_copy(update=current)
    about = []
    for file in ("info.json", "package.json") if answer.kind is OutcomeKind.FOUND else ():
        about.append(part := _ask(context, url_of(context, name, file), MAX_ABOUT_BYTES, UNKNOWN))
        if part.kind in COULD_NOT_ASK:
            answer = part
    if answer.kind is not OutcomeKind.FOUND:
        raise SetFailedError(answer)
    info, package = (part.body for part in about)
    try:
        document = context.check_icon_set(answer.body, info, package, source="the answer")
    except ProviderError as error:
        raise SetFailedError(replace(answer, kind=OutcomeKind.REFUSED, reason=error.problem)) from error
    if document.name != name:
        reason = f"the answer is another icon set: {quoted(document.name)}"
        raise SetFailedError(replace(answer, kind=OutcomeKind.REFUSED, reason=reason))
    facts = {"source": url, "etag": answer.etag, "last_modified": answer.last_modified, "fetched_at": now}
    return stored(document, change).model_copy(update={**facts, **current, "is_added": kept.is_added})


def stored(document: IconSetDocument, change: IconSetChange) -> KeptSet:
    """Write the set. Raises OSError."""
    return KeptSet(
        file=change.write(document.name, document.content), size=len(document.content), **facts_of(document)
    )


def facts_of(found: IconSetDocument | KeptSet) -> dict[str, Any]:
    """What a set says of itself, as fields of KeptSet and IconSet."""
    return {name: getattr(found, name) for name in ("icons", "title", "author", "licence", "version")}


def read(context: Context, path: Path) -> IconSetDocument:
    """The set in a file, or in the folder of an npm package. Raises ProviderError."""
    file = iconify_file(path)
    try:
        content = read_input(file, most=LARGEST_SET)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ProviderError(
            f"{file} cannot be read ({reason})", hint="name a file or folder, or a set such as logos"
        ) from error
    info, package = (_beside(file, name) for name in ("info.json", "package.json"))
    return context.check_icon_set(content, info, package, source=str(file))


def _ask(context: Context, url: str, most: int, known: KeptSet) -> Answer:
    request = FetchRequest(
        url=url,
        provider=ICON_SETS,
        max_bytes=most,
        accept="application/json",
        etag=known.etag,
        last_modified=known.last_modified,
        trusted_origin=origin_of(context.settings.iconify_url),
    )
    deadline = context.monotonic() + context.settings.logo_timeout_seconds
    return context.fetcher().fetch(request, deadline=deadline)


def _beside(file: Path, name: str) -> bytes:
    """The content of another file in the same folder; empty if it cannot be read."""
    try:
        return read_input(file.with_name(name), most=MAX_ABOUT_BYTES)
    except OSError:
        return b""

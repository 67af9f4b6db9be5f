"""The stored files, as a server shows them."""

from collections.abc import Iterator
from urllib.parse import quote

from logocache.cache import LogoCache
from logocache.model import Status
from logocache.results import Entry
from logocache.selection import ListQuery
from logocache.server.documents import VERSION, FileItem, FilesDocument


def file_page(cache: LogoCache, *, limit: int, after: str | None = None, root: str) -> FilesDocument:
    """At most `limit` current files behind the key `after`; `root` is the path under which all routes are."""
    with_file = (Status.CACHED, Status.PLACEHOLDER)
    found = cache.list(ListQuery(statuses=with_file, limit=limit + 1, after=after)).entries
    files = tuple(item for entry in found[:limit] for item in _file_of(entry, root))
    following = found[limit - 1].key if len(found) > limit else None
    return FilesDocument(schema_version=VERSION, files=files, after=following)


def _file_of(entry: Entry, root: str) -> Iterator[FileItem]:
    """The entry's file, if it has one."""
    if entry.file is None or entry.size_bytes is None or entry.width is None or entry.height is None:
        return
    yield FileItem(
        file=entry.file,
        key=entry.key,
        size_bytes=entry.size_bytes,
        width=entry.width,
        height=entry.height,
        path=f"{root}/static/cached_logos/{quote(entry.file)}",
    )

"""The stored files, as a server shows them."""

from collections.abc import Iterator
from urllib.parse import quote

from logocache.cache import LogoCache
from logocache.results import Entry
from logocache.server.documents import VERSION, FileItem, FilesDocument
from logocache.server.paging import Page


def file_page(cache: LogoCache, page: Page, *, root: str) -> FilesDocument:
    """A page of the current files, in order of key; `root` is the path under which all routes are."""
    entries = cache.list().entries
    behind = (entry for entry in entries if page.after is None or entry.key > page.after)
    found = [item for entry in behind for item in _file_of(entry, root)]
    shown = tuple(found[: page.limit])
    following = shown[-1].key if len(found) > len(shown) else None
    return FilesDocument(schema_version=VERSION, files=shown, after=following)


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

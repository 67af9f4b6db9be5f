"""Single logos as they are handed out: to Python programs, and through the server to browsers."""

import contextlib
import hashlib
from collections.abc import Sequence
from typing import assert_never

from logocache.errors import DatabaseError
from logocache.model import LogoRecord, StoredFile
from logocache.operations.accesses import Accesses
from logocache.operations.copies import keep_copy
from logocache.operations.orphans import pages
from logocache.operations.parts import Parts
from logocache.operations.registering import make_known
from logocache.policy.attempts import is_due, is_stale
from logocache.repository.filters import DueFilter, RecordFilter
from logocache.settings import OnDemand, Settings
from logocache.variant import Variant


class Shelf:
    """Looks up, reads and counts. Asks no network. Safe to use from several threads.

    Raises `DatabaseError` where it asks the database, and `DirectoryError` where it reads a file.
    """

    def __init__(self, parts: Parts, settings: Settings) -> None:
        self._parts = parts
        self._settings = settings
        self._accesses = Accesses(parts.repository)

    def generation(self) -> int:
        """See `Repository.generation`."""
        return self._parts.repository.generation()

    def find(self, name: str) -> LogoRecord | None:
        """The entry that a key, alias or domain means, as it is stored; None when there is none."""
        return self._parts.names.find(name)

    def key_in_catalog(self, name: str) -> str | None:
        """The key that `find` would look for, where the catalogue alone tells. Asks no database."""
        return self._parts.names.key_in_catalog(name)

    def records(self, keys: Sequence[str]) -> Sequence[LogoRecord]:
        """Those of the entries that there are, in order of key."""
        where = RecordFilter(keys=keys)
        return [record for page in pages(self._parts.repository, where) for record in page]

    def is_in_work(self, key: str) -> bool:
        """True while somebody holds a lease on the entry."""
        free = DueFilter(now=self._parts.clock(), keys=(key,), forced=True)
        return bool(self.records((key,))) and not self._parts.repository.due_keys(free, limit=1)

    def is_stale(self, record: LogoRecord) -> bool:
        return is_stale(record, now=self._parts.clock(), refresh_interval=self._settings.refresh_interval)

    def is_due(self, record: LogoRecord) -> bool:
        return is_due(record, now=self._parts.clock())

    def may_admit(self, name: str) -> bool:
        """Whether LOGO_CACHE_ON_DEMAND lets an entry be made for a name that the database does not know.

        Raises:
            UnknownKeyError: the name is neither in the catalogue nor written like a domain.
            DomainError: it is written like one, but is not a public host.
        """
        self._parts.names.admissible(name)
        match self._settings.on_demand:
            case OnDemand.OFF:
                return False
            case OnDemand.CATALOG:
                return self._parts.names.is_in_catalog(name)
            case OnDemand.ANY:
                return True
            case _:
                assert_never(self._settings.on_demand)

    def admit(self, name: str) -> LogoRecord | None:
        """Make an entry for `name` known; None where `may_admit` says no. Raises as `may_admit`."""
        if not self.may_admit(name):
            return None
        integration = self._parts.names.admissible(name)
        make_known(self._parts, [integration])
        return self._parts.repository.get(integration.key)

    def read(self, file: StoredFile) -> bytes | None:
        """The PNG; None when it is gone or is not the file that its row describes."""
        png = self._parts.store.read(file.name)
        if png is None or hashlib.sha256(png).hexdigest() != file.sha256:
            return None
        return png

    def read_named(self, name: str) -> bytes | None:
        """The file of that name, current or replaced; None for what is not there or not intact."""
        return self._parts.store.read_intact(name) if self._parts.is_ours(name) else None

    def successor(self, name: str) -> str | None:
        """The name of the file that is current where `name` was once; None when there is none."""
        key = self._parts.key_of(name)
        record = self._parts.repository.get(key) if key is not None else None
        return record.file.name if record is not None and record.file is not None else None

    def kept(self, file: StoredFile, variant: Variant) -> bytes | None:
        """The logo in another form, where it was made before and is on the disk."""
        return self._parts.variants.read(file.name, variant)

    def derive(self, png: bytes, variant: Variant) -> bytes:
        """The stored PNG in another form, made afresh."""
        return self._parts.engines.images.derive(png, variant)

    def keep(self, file: StoredFile, variant: Variant, content: bytes) -> None:
        """Keep a form that was made, where there is room for it. Waits for the writers of the database."""
        with contextlib.suppress(DatabaseError):  # what is not kept is made again
            limit = self._settings.max_size_bytes
            keep_copy(self._parts, file.name, variant, content, max_size_bytes=limit)

    def monogram(self, name: str, record: LogoRecord | None, variant: Variant) -> bytes:
        """What stands in for the logo of an entry, or of a name without one, drawn afresh.

        Raises UnknownKeyError and DomainError as `may_admit`.
        """
        names, engines = self._parts.names, self._parts.engines
        integration = names.integration_of(record) if record is not None else names.admissible(name)
        png = engines.images.draw(engines.sources.monogram(integration)).png
        return png if variant.is_stored_form else engines.images.derive(png, variant)

    def count_hit(self, key: str, *, stale: bool) -> None:
        """The logo of that entry was handed out. Waits for nothing."""
        self._accesses.hit(key, stale=stale, at=self._parts.clock())

    def count_file(self, name: str) -> None:
        """The file of that name was handed out: a use of its entry. Waits for nothing."""
        key = self._parts.key_of(name)
        if key is not None:
            self.count_hit(key, stale=False)

    def count_miss(self) -> None:
        self._accesses.miss()

    @property
    def counted(self) -> int:
        """Look-ups that are not written yet."""
        return self._accesses.held

    def flush(self) -> None:
        """Write the look-ups counted so far. Those that cannot be written now stay counted."""
        self._accesses.flush()

"""Resolution of names (keys, aliases, domains) to entries."""

from collections.abc import Iterable, Sequence

from logocache.catalog import Catalog
from logocache.domains import canonical_domain, without_www
from logocache.errors import DomainError, UnknownKeyError
from logocache.model import Integration, LogoRecord, Origin
from logocache.repository.repository import Repository

ON_DEMAND_CATEGORY = "on-demand"


class Names:
    """Finds entries by name: in the catalogue, in the database, then by `Catalog.find`."""

    def __init__(self, catalog: Catalog, repository: Repository) -> None:
        self._catalog = catalog
        self._repository = repository

    def keys(self, names: Iterable[str]) -> tuple[str, ...] | None:
        """Resolve names to keys; None if there are no names. Raises UnknownKeyError for the first unknown."""
        found = tuple(dict.fromkeys(self._known(name) for name in names))
        return found or None

    def find(self, name: str) -> LogoRecord | None:
        """Return the stored entry of that name, or None. Accepts any text."""
        key = self._key(name)
        return self._repository.get(key) if key is not None else None

    def domains(self, names: Sequence[str]) -> tuple[Integration, ...]:
        """Return the on-demand entries among `names`, new and existing ones.

        Raises:
            UnknownKeyError: a name is neither known nor in the form of a domain.
            DomainError: it has that form, but is not a public host.
        """
        keys = [(name, self._key(name)) for name in names]
        return tuple(self._on_demand(key or name) for name, key in keys if key is None or "." in key)

    def admissible(self, name: str) -> Integration:
        """Return the catalogue's integration for `name`, or a new one for a domain.

        Raises UnknownKeyError and DomainError as `domains`.
        """
        return self._catalog.find(name) or self._on_demand(name)

    def key_in_catalog(self, name: str) -> str | None:
        """Return the key of the catalogue's entry of exactly that name, if any. Does not use the database."""
        integration = self._catalog.named(name)
        return integration.key if integration is not None else None

    def integration_of(self, record: LogoRecord) -> Integration:
        """Return the catalogue's integration of the entry, or one made from its record."""
        known = self._catalog.named(record.key)
        if known is not None and known.key == record.key:
            return known
        return Integration(
            key=record.key,
            name=record.name,
            domain=record.domain,
            category=record.category,
            origin=record.origin,
            pinned=record.pinned,
        )

    def _known(self, name: str) -> str:
        key = self._key(name)
        if key is None:
            raise self._unknown(name)
        return key

    def _key(self, name: str) -> str | None:
        key = self.key_in_catalog(name)
        if key is not None:
            return key
        try:
            domain = without_www(canonical_domain(name))
        except DomainError:
            # A key of an earlier catalogue is not a domain, but may still be in the cache.
            record = self._repository.get(name)
        else:
            record = self._repository.find_by_domain(domain)
        if record is not None:
            return record.key
        meant = self._catalog.find(name)
        return meant.key if meant is not None else None

    def _on_demand(self, name: str) -> Integration:
        if "." not in name and ":" not in name:
            raise self._unknown(name)
        domain = without_www(canonical_domain(name))
        return Integration(
            key=domain, name=domain, domain=domain, category=ON_DEMAND_CATEGORY, origin=Origin.ON_DEMAND
        )

    def _unknown(self, name: str) -> UnknownKeyError:
        nearest = self._catalog.nearest(name)
        shown = name if len(name) <= 60 else name[:57] + "..."  # noqa: PLR2004  # as much as fits a line
        hint = f"did you mean {nearest}?" if nearest else "`logocache list -q` shows all keys"
        return UnknownKeyError(f"no logo is called {shown!r}", hint=hint)

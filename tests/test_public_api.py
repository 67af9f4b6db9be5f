"""The public API: a name that is added or goes is a decision, and is written here too."""

import logocache
import logocache.server

PUBLIC = """
    CacheStats CatalogError ClearPlan ClearReport ClearSelection ConfigurationError DatabaseError
    DirectoryError DomainError Entry FailOn FetchReport FetchedLogo Finding FindingKind Health
    HealthStatus IconSet IconSetStatus IconSets ImageFormat ListQuery Listing Logo LogoCache
    LogoCacheError LogoRecord Progress ProviderError Readiness SchemaError SelectionError Settings
    SettingsError Severity Shape SortKey Status Theme UnavailableError UnknownKeyError Variant
    VerifyReport __version__ document_of open_cache
"""


def test_the_root_exports_exactly_these_names() -> None:
    assert logocache.__all__ == PUBLIC.split()
    assert dir(logocache) == PUBLIC.split()


def test_every_name_is_there_and_no_other() -> None:
    for name in logocache.__all__:
        assert getattr(logocache, name) is not None
    assert not hasattr(logocache, "nonsense")


def test_the_server_exports_its_application_and_its_router() -> None:
    assert logocache.server.__all__ == ["create_app", "create_router"]

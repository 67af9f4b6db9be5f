"""A URL names a database, and keeps its secrets."""

from pathlib import Path

import pytest

from logocache.errors import SettingsError
from logocache.repository import open_repository
from logocache.repository.engine import parse_address

SECRET = "s3cr3t-w0rd"  # the secret of these tests


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        pytest.param("sqlite:////srv/logos/x.db", "/srv/logos/x.db", id="absolute path"),
        pytest.param("sqlite:///x.db", "x.db", id="relative path"),
        pytest.param("sqlite:////srv/100%25 #1 é/x.db", "/srv/100%25 #1 é/x.db", id="a path as it is"),
        pytest.param(f"postgres://u:{SECRET}@db/logos", "logos at db", id="postgres"),
        pytest.param(f"postgresql://u:{SECRET}@db:5433/logos", "logos at db:5433", id="port"),
        pytest.param(f"postgresql+psycopg://u:{SECRET}@db/logos", "logos at db", id="with its driver"),
        pytest.param(f"postgresql:///logos?password={SECRET}", "logos at localhost", id="no host"),
        pytest.param(f"postgresql://u:{SECRET}@/logos?host=/run/pg", "logos at /run/pg", id="socket"),
        pytest.param(f"postgresql://u:{SECRET}@db", "at db", id="no database"),
    ],
)
def test_urls_that_name_a_database(url: str, shown: str) -> None:
    address = parse_address(url)
    assert str(address) == shown
    assert SECRET not in f"{address!r} {address}"
    assert address.is_sqlite is url.startswith("sqlite")


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        pytest.param("logos.db", "is not a database URL", id="no scheme"),
        pytest.param(f"postgresql://u:{SECRET}@db:port/logos", "is not a database URL", id="port"),
        pytest.param(f"mysql://u:{SECRET}@db/logos", "names another kind of database", id="MySQL"),
        pytest.param(f"postgresql+asyncpg://u:{SECRET}@db/l", "names another kind of database", id="driver"),
        pytest.param(f"postgresql://u:a@{SECRET}@db/logos", "the password in", id="@ in the password"),
        pytest.param("sqlite://", "holds more or less than the path", id="no path at all"),
        pytest.param("sqlite:x.db", "holds more or less than the path", id="no slashes"),
        pytest.param("sqlite:////x.db?mode=ro", "holds more or less than the path", id="parameters"),
        pytest.param("sqlite:////x\0.db", "holds more or less than the path", id="NUL"),
        pytest.param("sqlite:///", "names no file", id="empty path"),
        pytest.param("sqlite:///:memory:", "names no file", id="memory"),
    ],
)
def test_urls_that_name_none(url: str, problem: str) -> None:
    with pytest.raises(SettingsError, match="LOGO_CACHE_DATABASE_URL") as caught:
        open_repository(url)
    assert problem in caught.value.problem
    assert SECRET not in f"{caught.value} {caught.value.__cause__}"


def test_opening_connects_to_nothing(tmp_path: Path) -> None:
    open_repository(f"sqlite:///{tmp_path}/x.db").close()
    open_repository("postgresql://192.0.2.1/nowhere").close()
    assert list(tmp_path.iterdir()) == []


def test_a_repository_shows_no_secret() -> None:
    repository = open_repository(f"postgresql://u:{SECRET}@db/logos?sslpassword={SECRET}")
    assert repr(repository) == "<Repository logos at db>"


def test_secrets_are_masked_wherever_they_come_up() -> None:
    address = parse_address("postgresql://u:p%40ss@db/logos?sslpassword=k3y&password=other")
    assert address.masked("p@ss k3y other u") == "*** *** *** u"
    assert parse_address("postgresql://u:@db/logos?password=").masked("as it was") == "as it was"

"""Sources of settings, and errors for bad ones."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from logocache.errors import SettingsError
from logocache.settings import Settings
from logocache.settings.fields import ConnectTo
from logocache.settings.masking import MASK
from logocache.settings.server import OnDemand

SECRET = "correct-horse-battery"


def test_the_four_given_names_and_their_defaults(monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = Settings()
    assert (defaults.refresh_interval, defaults.max_size_bytes) == (timedelta(days=7), 500_000_000)
    assert defaults.enabled
    monkeypatch.setenv("LOGO_CACHE_DIR", "/srv/logos")
    monkeypatch.setenv("LOGO_REFRESH_INTERVAL_DAYS", "3")
    monkeypatch.setenv("LOGO_CACHE_MAX_SIZE_MB", "1.5")
    monkeypatch.setenv("LOGO_CACHE_ENABLED", "false")
    settings = Settings()
    assert settings.dir == Path("/srv/logos")
    assert settings.refresh_interval == timedelta(days=3)
    assert settings.max_size_bytes == 1_500_000
    assert settings.enabled is False


def test_arguments_come_before_environment_before_file_before_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    config = tmp_path / "logocache.toml"
    config.write_text("refresh_interval_days = 1\nmax_size_mb = 1\nretries = 1\n")
    monkeypatch.setenv("LOGO_CACHE_CONFIG", str(config))
    monkeypatch.setenv("LOGO_REFRESH_INTERVAL_DAYS", "2")
    monkeypatch.setenv("LOGO_CACHE_MAX_SIZE_MB", "2")
    settings = Settings(refresh_interval_days=3)
    assert settings.refresh_interval == timedelta(days=3)
    assert (settings.max_size_bytes, settings.retries) == (2_000_000, 1)
    assert settings.concurrency == 8


def test_an_empty_variable_is_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGO_CACHE_MAX_SIZE_MB", "")
    assert Settings().max_size_bytes == 500_000_000


def test_paths_in_a_file_are_relative_to_it(tmp_path: Path) -> None:
    config = tmp_path / "logocache.toml"
    config.write_text('dir = "logos"\niconify_files = ["a.json", "/b.json"]\ncatalog = "~/own.toml"\n')
    settings = Settings(config=config)
    assert settings.dir == tmp_path / "logos"
    assert settings.iconify_files == (tmp_path / "a.json", Path("/b.json"))
    assert settings.catalog == Path("~/own.toml")


def test_lists_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGO_CACHE_PROVIDERS", "iconsets, site,")
    monkeypatch.setenv("LOGO_CACHE_PROVIDER_RATES", "google=2, duckduckgo = 0.5")
    settings = Settings()
    assert settings.providers == ("iconsets", "site")
    assert settings.provider_rates == {"google": 2.0, "duckduckgo": 0.5}
    assert Settings(provider_rates={"google": 1}).provider_rates == {"google": 1.0}


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"max_size_mb": "big"}, ["LOGO_CACHE_MAX_SIZE_MB", "'big'", "number"]),
        ({"max_size_mb": 0}, ["LOGO_CACHE_MAX_SIZE_MB", "'0'", "greater than 0"]),
        ({"refresh_interval_days": -1}, ["LOGO_REFRESH_INTERVAL_DAYS", "'-1'", "greater than 0"]),
        ({"on_demand": "all"}, ["LOGO_CACHE_ON_DEMAND", "'catalog'", "'any'"]),
        ({"providers": ","}, ["LOGO_CACHE_PROVIDERS", "at least 1"]),
        ({"provider_rates": "google"}, ["LOGO_CACHE_PROVIDER_RATES", "PROVIDER=RATE"]),
        ({"provider_rates": "google=0"}, ["LOGO_CACHE_PROVIDER_RATES", "greater than 0"]),
        ({"contact_url": "https://a.test/\nX: y"}, ["LOGO_CACHE_CONTACT_URL", "control characters"]),
        ({"database_url": f"mysql://u:{SECRET}@h/d"}, ["LOGO_CACHE_DATABASE_URL", "postgresql://"]),
        ({"admin_token": SECRET[:8]}, ["LOGO_CACHE_ADMIN_TOKEN", "at least 16"]),
        ({"template_url": "https://icons.test/{nothing}"}, ["LOGO_CACHE_TEMPLATE_URL", "{domain}"]),
        ({"template_url": "https://icons.test/logo"}, ["LOGO_CACHE_TEMPLATE_URL", "{key}"]),
        ({"template_url": "ftp://{domain}/"}, ["LOGO_CACHE_TEMPLATE_URL", "https://"]),
        ({"clearbit_url": "https://a.test/?x=1"}, ["LOGO_CACHE_CLEARBIT_URL", "without query"]),
        ({"clearbit_url": "https://u:p@a.test"}, ["LOGO_CACHE_CLEARBIT_URL", "user name"]),
        ({"clearbit_url": "https://a.test:99999"}, ["LOGO_CACHE_CLEARBIT_URL"]),
        ({"http_proxy": "socks5://a.test"}, ["LOGO_CACHE_HTTP_PROXY", "http://"]),
        ({"allowed_networks": "10.0.0.1/8"}, ["LOGO_CACHE_ALLOWED_NETWORKS", "10.0.0.1/8"]),
        ({"connect_to": "a:b"}, ["LOGO_CACHE_CONNECT_TO", "HOST:PORT:HOST:PORT"]),
        ({"connect_to": "a:1:b:70000"}, ["LOGO_CACHE_CONNECT_TO", "HOST:PORT:HOST:PORT"]),
        ({"dirr": "x"}, ["dirr", "did you mean dir"]),
        ({"nonsense_without_neighbour": 1}, ["nonsense_without_neighbour", "configuration.md"]),
    ],
    ids=str,
)
def test_a_bad_value_is_one_line_that_says_what_is_allowed(values: dict[str, Any], words: list[str]) -> None:
    with pytest.raises(SettingsError) as error:
        Settings(**values)
    message = str(error.value)
    assert all(word in message for word in words), message
    assert "\n" not in message
    assert SECRET[:8] not in message


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"max_size = 3\n", ["max_size", "did you mean max_size_mb"]),
        (b"config = 'x'\n", ["unknown setting 'config'"]),
        (b"max_size_mb = \n", ["is not TOML"]),
        (b"\xff\xfe", ["is not TOML"]),
        (b"max_size_mb = 'x'\n", ["LOGO_CACHE_MAX_SIZE_MB", "'x'"]),
    ],
    ids=["unknown key", "config in a config", "syntax", "not text", "bad value"],
)
def test_a_bad_file_is_one_line(tmp_path: Path, content: bytes, words: list[str]) -> None:
    config = tmp_path / "logocache.toml"
    config.write_bytes(content)
    with pytest.raises(SettingsError) as error:
        Settings(config=config)
    assert all(word in str(error.value) for word in words), error.value


def test_a_missing_file_says_how_to_name_another(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"No such file.*--config"):
        Settings(config=tmp_path / "none.toml")


def test_an_unknown_variable_is_an_error_with_a_suggestion(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGO_CACHE_MAX_SIZE", "3")
    with pytest.raises(SettingsError, match="did you mean LOGO_CACHE_MAX_SIZE_MB"):
        Settings()


@pytest.mark.parametrize(
    "variable",
    [
        "LOGO_CACHE_PORT",
        "LOGO_CACHE_PORT_80_TCP_ADDR",
        "LOGO_CACHE_SERVICE_HOST",
        "LOGO_CACHE_SERVICE_PORT_HTTP",
    ],
)
def test_what_kubernetes_sets_for_a_service_of_our_name_is_no_setting(
    monkeypatch: pytest.MonkeyPatch, variable: str
) -> None:
    monkeypatch.setenv(variable, "tcp://10.0.0.1:80")
    assert Settings().max_size_bytes == 500_000_000


def test_a_variable_without_our_prefix_is_nobodys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in ("REFRESH_INTERVAL_DAYS", "refresh_interval_days", "MAX_SIZE_MB", "RETRIES"):
        monkeypatch.setenv(variable, "1")
    settings = Settings()
    assert settings.refresh_interval == timedelta(days=7)
    assert (settings.max_size_bytes, settings.retries) == (500_000_000, 2)


# Secrets -----------------------------------------------------------------------------------------


def test_a_secret_may_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text(SECRET + "\n")
    monkeypatch.setenv("LOGO_CACHE_ADMIN_TOKEN_FILE", str(secret))
    token = Settings().admin_token
    assert token is not None
    assert token.get_secret_value() == SECRET


def test_a_secret_given_twice_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOGO_CACHE_ADMIN_TOKEN_FILE", str(tmp_path / "token"))
    monkeypatch.setenv("LOGO_CACHE_ADMIN_TOKEN", SECRET)
    with pytest.raises(SettingsError, match="unset one"):
        Settings()


def test_an_unreadable_secret_file_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("LOGO_CACHE_ADMIN_TOKEN_FILE", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="cannot be read"):
        Settings()


def test_only_secrets_come_from_files(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGO_CACHE_MAX_SIZE_MB_FILE", "x")
    with pytest.raises(SettingsError, match="LOGO_CACHE_MAX_SIZE_MB_FILE"):
        Settings()


def test_no_secret_is_ever_shown() -> None:
    settings = Settings(
        admin_token=SECRET,
        logodev_token=SECRET,
        database_url=f"postgresql://user:{SECRET}@db.test/logos?password={SECRET}",
        http_proxy=f"http://user:{SECRET}@proxy.test:3128",
        template_url="https://icons.test/{domain}?key=" + SECRET,
    )
    shown = settings.shown()
    assert SECRET not in f"{shown}{settings!r}{settings}"
    assert shown["admin_token"] == MASK
    assert shown["database_url"] == "postgresql://user:***@db.test/logos?***"
    assert shown["http_proxy"] == "http://user:***@proxy.test:3128"
    assert shown["template_url"] == "https://icons.test/{domain}?***"


# Values ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("shop.test:443:127.0.0.1:8443", ConnectTo("shop.test", 443, "127.0.0.1", 8443)),
        ("::10.0.0.1:80", ConnectTo(None, None, "10.0.0.1", 80)),
        (":443:[::1]:8443", ConnectTo(None, 443, "::1", 8443)),
    ],
)
def test_connect_to_is_read_and_printed_alike(text: str, expected: ConnectTo) -> None:
    (parsed,) = Settings(connect_to=text).connect_to
    assert parsed == expected
    assert Settings(connect_to=text).shown()["connect_to"] == [text]


def test_the_database_is_sqlite_in_the_private_folder_unless_named(tmp_path: Path) -> None:
    assert Settings(dir=tmp_path).resolved_database_url == f"sqlite:///{tmp_path}/.logocache/logocache.db"
    assert Settings(database_url="postgres://db/logos").resolved_database_url == "postgres://db/logos"


@pytest.mark.parametrize(
    ("name", "field", "number", "amount"),
    [
        ("max_size_mb", "max_size_bytes", 1.1, 1_100_000),
        ("max_size_mb", "max_size_bytes", 1e-9, 1),
        ("min_free_disk_mb", "min_free_disk_bytes", 0, 0),
        ("max_page_kb", "max_page_bytes", 3, 3000),
        ("max_megapixels", "max_pixels", 0.5, 500_000),
        ("backoff_min_minutes", "backoff_min", 1.5, timedelta(seconds=90)),
        ("backoff_max_hours", "backoff_max", 2, timedelta(hours=2)),
        ("miss_ttl_days", "miss_ttl", 1e-20, timedelta(microseconds=1)),
        ("audit_retention_days", "audit_retention", 0, timedelta()),
    ],
)
def test_an_amount_is_written_in_the_unit_of_its_name_and_held_in_one_for_all(
    name: str, field: str, number: float, amount: int | timedelta
) -> None:
    settings = Settings(**{name: number})
    assert getattr(settings, field) == amount
    assert settings.shown()[name] == pytest.approx(number, abs=1e-6)
    assert field not in settings.shown()


def test_kilobytes_are_whole() -> None:
    with pytest.raises(SettingsError, match=r"LOGO_CACHE_MAX_PAGE_KB = '?1\.5"):
        Settings(max_page_kb=1.5)


def test_settings_do_not_change() -> None:
    settings = Settings()
    with pytest.raises(Exception, match="frozen"):
        settings.max_size_bytes = 3  # type: ignore[misc]  # that it is read-only is what is tested


def test_on_demand_fetches_what_the_catalogue_names() -> None:
    assert Settings().on_demand is OnDemand.CATALOG

"""Settings: each one with its default, its unit and its bounds, here and nowhere else.

A value comes from, first to last: an argument (the command line's options), the environment,
the file named by `--config` or `LOGO_CACHE_CONFIG`, the default. A key of the TOML file is the
variable's name in lower case without its prefix: `LOGO_CACHE_MAX_SIZE_MB` is `max_size_mb`.
Where the values are read from, and how mistakes are put into words, is in `settings_sources`.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import AfterValidator, AliasChoices, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from logocache import settings_sources
from logocache.masking import MASK, shown_address, shown_database, shown_template
from logocache.settings_server import ServerSettings
from logocache.settings_sources import CommaSeparated, ConnectTo

MOST_MB = 10**12
"""An exabyte: more than any file system holds, and still a number that every database takes."""


class OnDemand(StrEnum):
    """What the server may fetch when it has no logo."""

    OFF = "off"
    CATALOG = "catalog"
    ANY = "any"


class LogFormat(StrEnum):
    AUTO = "auto"
    """Text on a terminal, JSON elsewhere."""
    TEXT = "text"
    JSON = "json"


class Settings(ServerSettings):
    """All settings, checked. Construction raises `SettingsError`; afterwards nothing changes."""

    model_config = SettingsConfigDict(
        env_prefix=settings_sources.PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        hide_input_in_errors=True,
    )

    config: Annotated[Path | None, Field(description="The TOML file with settings.")] = None

    # What is kept, and where.
    dir: Annotated[
        Path,
        AfterValidator(settings_sources.check_path),
        Field(
            description="The directory of the logos; the program's own files are in its hidden `.logocache/`."
        ),
    ] = platformdirs.user_cache_path("logocache", appauthor=False)
    database_url: Annotated[
        SecretStr | None,
        AfterValidator(settings_sources.check_database_url),
        Field(description="`sqlite:///…` or `postgresql://…`; SQLite in the cache directory when not set."),
    ] = None
    refresh_interval_days: Annotated[
        float,
        Field(
            gt=0,
            le=3650,
            validation_alias=AliasChoices("LOGO_REFRESH_INTERVAL_DAYS", "refresh_interval_days"),
            description="The age, in days, at which a logo is stale.",
        ),
    ] = 7
    max_size_mb: Annotated[
        float,
        Field(
            gt=0,
            le=MOST_MB,
            description="The size limit in MB (10^6 bytes); the least recently used logos are evicted.",
        ),
    ] = 500
    enabled: Annotated[
        bool,
        Field(
            description="When false, init and refresh do nothing and say so, and the server sends no logos."
        ),
    ] = True
    replaced_retention_days: Annotated[
        float, Field(ge=0, le=3650, description="How long, in days, the file of a replaced logo stays.")
    ] = 7
    audit_retention_days: Annotated[
        float, Field(ge=0, le=3650, description="How long, in days, the audit trail of fetches is kept.")
    ] = 90
    min_free_disk_mb: Annotated[
        float, Field(ge=0, le=MOST_MB, description="Free disk space, in MB, below which `verify` warns.")
    ] = 100

    # Which logos, and from where.
    catalog: Annotated[
        Path | None,
        Field(description="A TOML, JSON or CSV file of own integrations, added to the built-in ones."),
    ] = None
    providers: Annotated[
        tuple[str, ...],
        *CommaSeparated,
        Field(min_length=1, description="The chain of sources, in order; a monogram always ends it."),
    ] = ("site", "duckduckgo", "iconsets")
    storing: Annotated[
        Literal["any", "strict"],
        Field(description="`strict` admits only the companies' own files and openly licensed sets."),
    ] = "any"
    offline: Annotated[bool, Field(description="Ask no network; icon sets and own files still work.")] = False
    on_demand: Annotated[
        OnDemand, Field(description="What the server may fetch on a miss: `off`, `catalog`, or `any` domain.")
    ] = OnDemand.CATALOG
    iconify_files: Annotated[
        tuple[Path, ...],
        *CommaSeparated,
        Field(description="Iconify JSON files that the provider `iconsets` reads too."),
    ] = ()
    clearbit_url: Annotated[
        str | None,
        AfterValidator(settings_sources.check_base_url),
        Field(description="The base URL of a server with Clearbit's URL shape, for the provider `clearbit`."),
    ] = None
    template_url: Annotated[
        SecretStr | None,
        AfterValidator(settings_sources.check_template_url),
        Field(description="A URL with `{domain}`, `{key}` or `{size}`, for the provider `template`."),
    ] = None
    logodev_token: Annotated[
        SecretStr | None, Field(description="The publishable key for the provider `logodev`.")
    ] = None
    logodev_storing_confirmed: Annotated[
        bool, Field(description="You have a logo.dev plan that allows storing (Pro or Enterprise).")
    ] = False

    # How the network is asked.
    concurrency: Annotated[int, Field(ge=1, le=64, description="Logos fetched at the same time.")] = 8
    concurrency_per_host: Annotated[
        int, Field(ge=1, le=64, description="Requests to one host at the same time.")
    ] = 2
    provider_rates: Annotated[
        dict[str, Annotated[float, Field(gt=0, le=10_000)]],
        NoDecode,
        BeforeValidator(settings_sources.split_rates),
        Field(description="Requests a second for named providers, as `duckduckgo=5,google=2`."),
    ] = {}  # noqa: RUF012  # pydantic copies it for each instance
    retries: Annotated[int, Field(ge=0, le=10, description="Further tries in one run for what can heal.")] = 2
    connect_timeout_seconds: Annotated[
        float, Field(gt=0, le=120, description="To resolve a name and to connect, each.")
    ] = 5
    request_timeout_seconds: Annotated[
        float,
        Field(gt=0, le=600, description="Wall-clock limit for one request with its redirects and its body."),
    ] = 20
    logo_timeout_seconds: Annotated[
        float, Field(gt=0, le=3600, description="Wall-clock limit for one logo over its whole chain.")
    ] = 90
    max_image_kb: Annotated[
        int, Field(ge=1, le=102400, description="The largest image that is accepted, in kB (10^3 bytes).")
    ] = 5000
    max_page_kb: Annotated[
        int,
        Field(ge=1, le=102400, description="The largest page or manifest that is read, in kB (10^3 bytes)."),
    ] = 2000
    max_megapixels: Annotated[
        float, Field(gt=0, le=1000, description="The largest image that is decoded, in millions of pixels.")
    ] = 12
    decode_timeout_seconds: Annotated[
        float, Field(gt=0, le=120, description="Wall-clock limit for decoding one image.")
    ] = 10
    decode_memory_mb: Annotated[
        int, Field(ge=128, le=65536, description="Memory limit of an image decoder, in MB (10^6 bytes).")
    ] = 256
    allowed_networks: Annotated[
        tuple[IPv4Network | IPv6Network, ...],
        *CommaSeparated,
        Field(description="Private networks (CIDR) that may be asked all the same, for intranets."),
    ] = ()
    connect_to: Annotated[
        tuple[ConnectTo, ...],
        *CommaSeparated,
        Field(
            description="`HOST:PORT:HOST:PORT` as in curl's --connect-to: connections for the first go "
            "to the second; an empty first host or port means any."
        ),
    ] = ()
    http_proxy: Annotated[
        SecretStr | None,
        AfterValidator(settings_sources.check_proxy_url),
        Field(
            description="An HTTP proxy for all requests. It resolves the names, "
            "so addresses are not checked here."
        ),
    ] = None
    contact_url: Annotated[
        str | None,
        AfterValidator(settings_sources.check_base_url),
        Field(description="Sent in the User-Agent, so that a site's owner can reach you."),
    ] = None

    # When it is asked again.
    miss_ttl_days: Annotated[
        float, Field(gt=0, le=3650, description="How long, in days, `no logo` is believed (negative cache).")
    ] = 3
    blocked_ttl_days: Annotated[
        float, Field(gt=0, le=3650, description="How long, in days, a source that refused us is left alone.")
    ] = 1
    backoff_min_minutes: Annotated[
        float, Field(gt=0, le=1440, description="The first wait, in minutes, after a failure that can heal.")
    ] = 5
    backoff_max_hours: Annotated[
        float, Field(gt=0, le=8760, description="The longest wait, in hours, after repeated failures.")
    ] = 24
    lease_seconds: Annotated[
        float,
        Field(ge=10, le=86400, description="After this time another process may take over a logo in work."),
    ] = 600

    # What is written about it all. The server's own settings are in `settings_server`.
    log_format: Annotated[LogFormat, Field(description="`text`, `json`, or `auto`: text on a terminal.")] = (
        LogFormat.AUTO
    )

    def __init__(self, **values: Any) -> None:  # noqa: ANN401  # each field has its own type, checked by pydantic
        """Read and check all settings; `values` come before every other source.

        Raises:
            SettingsError: naming the first wrong setting, its value and what is allowed.
        """
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise settings_sources.as_settings_error(error, type(self)) from error

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the library passes it by name
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # the library passes it by name
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, environment with `<NAME>_FILE`, TOML file; no dotenv file is ever read."""
        return settings_sources.ordered(settings_cls, init_settings, env_settings)

    @property
    def private_dir(self) -> Path:
        """The program's own folder inside the cache directory. It is never served."""
        return self.dir / ".logocache"

    @property
    def resolved_database_url(self) -> str:
        """The database to use, with its password: never for display."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.private_dir / 'logocache.db'}"

    @property
    def refresh_interval(self) -> timedelta:
        return timedelta(days=self.refresh_interval_days)

    @property
    def lease(self) -> timedelta:
        """How long an entry in work is ours. An entry may wait for two others before it is worked on: no
        lease may end meanwhile.
        """
        return timedelta(seconds=max(self.lease_seconds, 4 * self.logo_timeout_seconds))

    @property
    def max_size_bytes(self) -> int:
        return max(1, int(self.max_size_mb * 1_000_000))

    def shown(self) -> dict[str, object]:
        """Every setting as JSON values, secrets replaced by `***`: fit for people and logs."""
        values = self.model_dump(mode="json")
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                values[name] = SHOWN.get(name, hidden)(value.get_secret_value())
        if self.clearbit_url is not None:
            values["clearbit_url"] = shown_address(self.clearbit_url)
        return values


def hidden(_: str) -> str:
    return MASK


SHOWN: Mapping[str, Callable[[str], str]] = {
    "database_url": shown_database,
    "template_url": shown_template,
    "http_proxy": shown_address,
}
"""Secret settings of which a part may be seen."""

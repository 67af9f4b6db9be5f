"""All settings, with defaults, units and bounds.

Precedence: arguments (the command line's options), the environment, the file of `--config` or
`LOGO_CACHE_CONFIG`, defaults. A key of the TOML file is the variable's name in lower case without its
prefix: `LOGO_CACHE_MAX_SIZE_MB` is `max_size_mb`. See `sources` for reading and errors.

Users write amounts in the units of their names (`max_size_mb`, `miss_ttl_days`), also as arguments of
`Settings`; the fields hold bytes, pixels and timedeltas. Timeouts remain numbers of seconds.
"""

from collections.abc import Callable, Mapping
from datetime import timedelta
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from logocache.settings import fields, sources
from logocache.settings.fields import DAY, HOUR, KB, MB, MEGAPIXEL, MINUTE, Amount, CommaSeparated, ConnectTo
from logocache.settings.masking import MASK, shown_address, shown_database, shown_template
from logocache.settings.server import ServerSettings

MOST_MB = 10**12
"""An exabyte: more than any file system holds, and within the integers of every database."""


class LogFormat(StrEnum):
    AUTO = "auto"
    TEXT = "text"
    JSON = "json"

    def is_json(self, *, on_terminal: bool) -> bool:
        return self is LogFormat.JSON or (self is LogFormat.AUTO and not on_terminal)


class Settings(ServerSettings):
    """All settings, validated and immutable. Construction raises `SettingsError`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    config: Annotated[Path | None, Field(description="The TOML file with settings.")] = None

    # Storage.
    dir: Annotated[
        Path,
        AfterValidator(fields.check_path),
        Field(
            description="The directory of the logos; the program's own files are in its hidden `.logocache/`."
        ),
    ] = platformdirs.user_cache_path("logocache", appauthor=False)
    database_url: Annotated[
        SecretStr | None,
        AfterValidator(fields.check_database_url),
        Field(description="`sqlite:///…` or `postgresql://…`; SQLite in the cache directory when not set."),
    ] = None
    refresh_interval: Annotated[
        timedelta,
        Amount(DAY, gt=0, le=3650),
        Field(alias="refresh_interval_days", description="The age, in days, at which a logo is stale."),
    ] = timedelta(days=7)
    max_size_bytes: Annotated[
        int,
        Amount(MB, gt=0, le=MOST_MB),
        Field(
            alias="max_size_mb",
            description="The size limit in MB (10^6 bytes); the least recently used logos are evicted.",
        ),
    ] = 500 * MB
    enabled: Annotated[
        bool,
        Field(description="When false, init and refresh only report this, and the server sends no logos."),
    ] = True
    replaced_retention: Annotated[
        timedelta,
        Amount(DAY, ge=0, le=3650),
        Field(
            alias="replaced_retention_days",
            description="How long, in days, the file of a replaced logo stays.",
        ),
    ] = timedelta(days=7)
    audit_retention: Annotated[
        timedelta,
        Amount(DAY, ge=0, le=3650),
        Field(
            alias="audit_retention_days", description="How long, in days, the audit trail of fetches is kept."
        ),
    ] = timedelta(days=90)
    min_free_disk_bytes: Annotated[
        int,
        Amount(MB, ge=0, le=MOST_MB),
        Field(alias="min_free_disk_mb", description="Free disk space, in MB, below which `verify` warns."),
    ] = 100 * MB

    # Catalogue and providers.
    catalog: Annotated[
        Path | None,
        Field(description="A TOML, JSON or CSV file of own integrations, added to the built-in ones."),
    ] = None
    providers: Annotated[
        tuple[str, ...],
        CommaSeparated,
        Field(min_length=1, description="The chain of sources, in order; a monogram always ends it."),
    ] = ("site", "duckduckgo", "iconsets")
    storing: Annotated[
        Literal["any", "strict"],
        Field(description="`strict` admits only the companies' own files and openly licensed sets."),
    ] = "any"
    offline: Annotated[
        bool, Field(description="Make no network requests; icon sets and own files still work.")
    ] = False
    iconify_files: Annotated[
        tuple[Path, ...],
        CommaSeparated,
        Field(
            description="Iconify JSON files, or folders of their npm packages, for the provider `iconsets`."
        ),
    ] = ()
    iconify_sets: Annotated[
        tuple[str, ...],
        CommaSeparated,
        AfterValidator(fields.check_icon_sets),
        Field(description="Iconify sets that are fetched and kept for `iconsets`, by name; `none`: no set."),
    ] = ("logos",)
    iconify_url: Annotated[
        str,
        AfterValidator(fields.check_base_url),
        Field(description="The base URL of npm packages as files, from which icon sets are fetched."),
    ] = "https://cdn.jsdelivr.net/npm"
    clearbit_url: Annotated[
        str | None,
        AfterValidator(fields.check_base_url),
        Field(description="The base URL of a server with Clearbit's URL shape, for the provider `clearbit`."),
    ] = None
    template_url: Annotated[
        SecretStr | None,
        AfterValidator(fields.check_template_url),
        Field(description="A URL with `{domain}`, `{key}` or `{size}`, for the provider `template`."),
    ] = None
    logodev_token: Annotated[
        SecretStr | None, Field(description="The publishable key for the provider `logodev`.")
    ] = None
    logodev_storing_confirmed: Annotated[
        bool, Field(description="You have a logo.dev plan that allows storing (Pro or Enterprise).")
    ] = False

    # Network.
    concurrency: Annotated[int, Field(ge=1, le=64, description="Logos fetched concurrently.")] = 8
    concurrency_per_host: Annotated[
        int, Field(ge=1, le=64, description="Concurrent requests to one host.")
    ] = 2
    provider_rates: Annotated[
        dict[str, Annotated[float, Field(gt=0, le=10_000)]],
        BeforeValidator(fields.split_rates),
        Field(description="Requests a second for named providers, as `duckduckgo=5,google=2`."),
    ] = {}  # noqa: RUF012  # pydantic copies it for each instance
    retries: Annotated[
        int, Field(ge=0, le=10, description="Retries in one run after a temporary failure.")
    ] = 2
    connect_timeout_seconds: Annotated[
        float, Field(gt=0, le=120, description="Limit for resolving a name, and for connecting.")
    ] = 5
    request_timeout_seconds: Annotated[
        float,
        Field(gt=0, le=600, description="Wall-clock limit for one request with its redirects and its body."),
    ] = 20
    logo_timeout_seconds: Annotated[
        float, Field(gt=0, le=3600, description="Wall-clock limit for one logo over its whole chain.")
    ] = 90
    max_image_bytes: Annotated[
        int,
        Amount(KB, ge=1, le=102400, whole=True),
        Field(alias="max_image_kb", description="The largest image that is accepted, in kB (10^3 bytes)."),
    ] = 5000 * KB
    max_page_bytes: Annotated[
        int,
        Amount(KB, ge=1, le=102400, whole=True),
        Field(
            alias="max_page_kb",
            description=(
                "The largest manifest that is read, in kB (10^3 bytes). Of a page, the first 500 kB are"
                " read at most."
            ),
        ),
    ] = 2000 * KB
    max_pixels: Annotated[
        int,
        Amount(MEGAPIXEL, gt=0, le=1000),
        Field(
            alias="max_megapixels", description="The largest image that is decoded, in millions of pixels."
        ),
    ] = 12 * MEGAPIXEL
    decode_timeout_seconds: Annotated[
        float, Field(gt=0, le=120, description="Wall-clock limit for decoding one image.")
    ] = 10
    decode_memory_bytes: Annotated[
        int,
        Amount(MB, ge=128, le=65536, whole=True),
        Field(alias="decode_memory_mb", description="Memory limit of an image decoder, in MB (10^6 bytes)."),
    ] = 256 * MB
    allowed_networks: Annotated[
        tuple[IPv4Network | IPv6Network, ...],
        CommaSeparated,
        Field(description="Private networks (CIDR) to which connections are allowed, for intranets."),
    ] = ()
    connect_to: Annotated[
        tuple[ConnectTo, ...],
        CommaSeparated,
        Field(
            description="`HOST:PORT:HOST:PORT` as in curl's --connect-to: connections for the first go "
            "to the second; an empty first host or port means any."
        ),
    ] = ()
    http_proxy: Annotated[
        SecretStr | None,
        AfterValidator(fields.check_proxy_url),
        Field(
            description="An HTTP proxy for all requests. It resolves the names, "
            "so addresses are not checked here."
        ),
    ] = None
    contact_url: Annotated[
        str | None,
        AfterValidator(fields.check_base_url),
        Field(description="Sent in the User-Agent, so that a site's owner can reach you."),
    ] = None

    # Retries and TTLs.
    miss_ttl: Annotated[
        timedelta,
        Amount(DAY, gt=0, le=3650),
        Field(
            alias="miss_ttl_days", description="How long, in days, `no logo` is cached (negative caching)."
        ),
    ] = timedelta(days=3)
    blocked_ttl: Annotated[
        timedelta,
        Amount(DAY, gt=0, le=3650),
        Field(
            alias="blocked_ttl_days", description="How long, in days, a source that blocked us is not asked."
        ),
    ] = timedelta(days=1)
    backoff_min: Annotated[
        timedelta,
        Amount(MINUTE, gt=0, le=1440),
        Field(
            alias="backoff_min_minutes",
            description="The first wait, in minutes, after a temporary failure.",
        ),
    ] = timedelta(minutes=5)
    backoff_max: Annotated[
        timedelta,
        Amount(HOUR, gt=0, le=8760),
        Field(alias="backoff_max_hours", description="The longest wait, in hours, after repeated failures."),
    ] = timedelta(hours=24)
    lease_seconds: Annotated[
        float,
        Field(ge=10, le=86400, description="After this time another process may take over a fetch."),
    ] = 600

    # The log. The server's settings are in `server`.
    log_format: Annotated[LogFormat, Field(description="`text`, `json`, or `auto`: text on a terminal.")] = (
        LogFormat.AUTO
    )

    def __init__(self, **values: Any) -> None:  # noqa: ANN401  # each field has its own type, checked by pydantic
        """Read and validate all settings; `values` take precedence over every other source.

        Raises:
            SettingsError: names the first invalid setting, its value and what is allowed.
        """
        try:
            super().__init__(**sources.gathered(values, sources.fields_of(type(self))))
        except ValidationError as error:
            raise sources.as_settings_error(error, sources.fields_of(type(self))) from error

    @property
    def private_dir(self) -> Path:
        """The program's own folder inside the cache directory; never served."""
        return self.dir / ".logocache"

    @property
    def resolved_database_url(self) -> str:
        """The database's URL with its password: not for display."""
        if self.database_url is not None:
            return self.database_url.get_secret_value()
        return f"sqlite:///{self.private_dir / 'logocache.db'}"

    @property
    def lease(self) -> timedelta:
        """Lease of an entry being fetched. An entry may wait for two others before its fetch begins, and
        its lease must not expire meanwhile.
        """
        return timedelta(seconds=max(self.lease_seconds, 4 * self.logo_timeout_seconds))

    def shown(self) -> dict[str, object]:
        """Every setting as JSON, by the name and in the unit that users write, with `***` for secrets."""
        values = self.model_dump(mode="json", by_alias=True)
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
"""Secret settings of which a part may be shown."""

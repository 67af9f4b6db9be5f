"""Settings of the server; part of `settings.Settings`, which reads and validates them."""

from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, SecretStr

from logocache.settings import fields
from logocache.settings.fields import KB, MB, Amount, CommaSeparated


class OnDemand(StrEnum):
    """Logos that the server may fetch on a miss."""

    OFF = "off"
    CATALOG = "catalog"
    ANY = "any"


class ServerSettings(BaseModel):
    """Settings of `serve`: listening, access, limits and memory."""

    # Listening.
    serve_host: Annotated[
        str,
        AfterValidator(fields.check_host),
        Field(min_length=1, description="The address to listen on: `0.0.0.0` or `::` for all."),
    ] = "127.0.0.1"
    serve_port: Annotated[
        int, Field(ge=0, le=65535, description="The port to listen on; 0: any free one.")
    ] = 8080
    serve_unix_socket: Annotated[
        Path | None,
        AfterValidator(lambda path: path and fields.check_path(path)),
        Field(description="Listen on this unix socket, and on no port."),
    ] = None
    serve_workers: Annotated[int, Field(ge=1, le=64, description="Worker processes.")] = 1
    root_path: Annotated[
        str,
        AfterValidator(fields.check_root_path),
        Field(description="The path under which a proxy exposes the server, such as `/logos`."),
    ] = ""
    trusted_proxies: Annotated[
        tuple[IPv4Network | IPv6Network, ...],
        CommaSeparated,
        Field(
            description="Addresses (CIDR) of proxies whose `X-Forwarded-For` and `-Proto` are trusted; "
            "a client on a unix socket counts as 127.0.0.1."
        ),
    ] = ()
    access_log: Annotated[
        bool | None,
        Field(
            description="Log each request on standard error; when not set, `serve` does so "
            "unless that is a terminal or `--quiet` is given."
        ),
    ] = None
    fast_path: Annotated[
        bool,
        Field(description="Answer usual requests for hot logos before ASGI; false: all requests go one way."),
    ] = True

    # Access and limits.
    admin_token: Annotated[
        SecretStr | None,
        Field(min_length=16, description="The bearer token of the routes that change the cache."),
    ] = None
    cors_origins: Annotated[
        tuple[str, ...], CommaSeparated, Field(description="Origins that may read logos across origins.")
    ] = ("*",)
    misses_per_minute: Annotated[
        float,
        Field(
            ge=0,
            le=1_000_000,
            description="Fetches that one client address may cause in a minute, on average, "
            "and ten times as many new variants; 0: no limit.",
        ),
    ] = 120
    max_connections: Annotated[
        int,
        Field(
            ge=1,
            le=1_000_000,
            description="Concurrent connections to one worker; requests on more are answered with 503.",
        ),
    ] = 1000
    max_header_bytes: Annotated[
        int,
        Amount(KB, ge=1, le=1024, whole=True),
        Field(
            alias="max_header_kb", description="The largest request head that is read, in kB (10^3 bytes)."
        ),
    ] = 32 * KB
    max_body_bytes: Annotated[
        int,
        Amount(KB, ge=0, le=10240, whole=True),
        Field(alias="max_body_kb", description="The largest request body that is read, in kB (10^3 bytes)."),
    ] = 16 * KB
    slow_client_seconds: Annotated[
        float,
        Field(gt=0, le=600, description="Limit for receiving the head of a request, and for its body."),
    ] = 20
    shutdown_seconds: Annotated[
        float, Field(ge=0, le=600, description="How long requests may go on after SIGTERM.")
    ] = 4

    # Memory, variants and fetching.
    hot_memory_bytes: Annotated[
        int,
        Amount(MB, ge=0, le=1_000_000),
        Field(
            alias="hot_memory_mb",
            description="Memory for the bytes of hot logos, in MB (10^6 bytes), per worker.",
        ),
    ] = 64 * MB
    offer_webp: Annotated[
        bool,
        Field(description="Send WebP to clients that accept it, where a request names no format."),
    ] = False
    max_variants: Annotated[
        int,
        Field(ge=0, le=10_000_000, description="Variants kept on disk, within the size limit."),
    ] = 5000
    background_refresh: Annotated[
        bool, Field(description="Fetch due logos in the background while serving.")
    ] = True
    background_interval_seconds: Annotated[
        float, Field(ge=1, le=86400, description="How often, on average, the server looks for due logos.")
    ] = 60
    on_demand: Annotated[
        OnDemand, Field(description="What the server may fetch on a miss: `off`, `catalog`, or `any` domain.")
    ] = OnDemand.CATALOG
    on_demand_queue: Annotated[
        int, Field(ge=1, le=100_000, description="Logos that may wait to be fetched, per worker.")
    ] = 200
    on_demand_wait_seconds: Annotated[
        float,
        Field(ge=0, le=120, description="How long a request waits for a first fetch, which then goes on."),
    ] = 10
    on_demand_max_entries: Annotated[
        int,
        Field(
            ge=1,
            le=10_000_000,
            description="Entries for domains outside the catalogue; the least recently used are deleted.",
        ),
    ] = 10_000

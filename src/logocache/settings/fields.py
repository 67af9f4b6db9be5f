"""Types of settings: amounts, lists, addresses. Validators raise ValueError with the rule that was broken."""

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from pydantic import BeforeValidator, GetCoreSchemaHandler, SecretStr, model_serializer, model_validator
from pydantic.dataclasses import dataclass as validated_dataclass
from pydantic_core import CoreSchema, core_schema

HIGHEST_PORT = 65535

KB = 1000
MB = MEGAPIXEL = 1_000_000
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Amount:
    """Field annotation: a number of `unit`s within bounds becomes an int or a timedelta.

    Numbers above 0 stay above 0. `whole` rejects fractions. Serialised as the number of units.
    """

    unit: int | timedelta
    gt: float | None = None
    ge: float | None = None
    le: float | None = None
    whole: bool = False

    def __get_pydantic_core_schema__(self, _source: object, _handler: GetCoreSchemaHandler) -> CoreSchema:
        bounds: dict[str, Any] = {"gt": self.gt, "ge": self.ge, "le": self.le}
        bounds = {rule: bound for rule, bound in bounds.items() if bound is not None}
        return core_schema.no_info_after_validator_function(
            self.held,
            core_schema.int_schema(**bounds) if self.whole else core_schema.float_schema(**bounds),
            serialization=core_schema.plain_serializer_function_ser_schema(self.written),
        )

    def held(self, number: float) -> int | timedelta:
        """The amount for a `number` of units."""
        if isinstance(self.unit, timedelta):
            return max(number * self.unit, timedelta.resolution) if number else timedelta()
        return max(round(number * self.unit), 1) if number else 0

    def written(self, amount: int | timedelta) -> float:
        """The number of units in `amount`: the inverse of `held`."""
        number = float(amount / self.unit)  # type: ignore[operator, arg-type]  # both ints, or both timedeltas
        return int(number) if number.is_integer() else number


def split_commas(value: object) -> object:
    if isinstance(value, str):
        return [part.strip() for part in value.split(",") if part.strip()]
    return value


CommaSeparated = BeforeValidator(split_commas)
"""Written `a,b` in the environment, a list in TOML, a tuple in Python."""


def split_rates(value: object) -> object:
    """`duckduckgo=5,google=2` → requests a second by provider."""
    if not isinstance(value, str):
        return value
    rates: dict[str, str] = {}
    for part in (part.strip() for part in value.split(",") if part.strip()):
        provider, separator, rate = part.partition("=")
        if not separator:
            raise ValueError("must be written PROVIDER=RATE,PROVIDER=RATE")
        rates[provider.strip()] = rate.strip()
    return rates


def check_path(path: Path) -> Path:
    """The absolute path, with `~` expanded."""
    if "\0" in str(path):
        raise ValueError("must not hold a NUL character")
    try:
        return path.expanduser().absolute()
    except RuntimeError as error:
        raise ValueError("begins with ~ and a user who has no home directory") from error


def check_host(host: str) -> str:
    if not host.isprintable() or " " in host:
        raise ValueError("must be a host name or an IP address")
    return host


def check_database_url(value: SecretStr | None) -> SecretStr | None:
    if value is None:
        return None
    scheme = value.get_secret_value().partition(":")[0]
    if scheme not in {"sqlite", "postgres", "postgresql", "postgresql+psycopg"}:
        raise ValueError("must start with sqlite:/// or postgresql://")
    return value


def check_base_url(value: str | None) -> str | None:
    if value is None:
        return None
    parts = web_url(value)
    if parts.query or parts.fragment:
        raise ValueError("must be a base URL without query and fragment")
    return value.rstrip("/")


ICON_SET = re.compile(r"(?=.{1,64}\Z)[a-z0-9]+(-[a-z0-9]+)*")
"""Names ("prefixes") of icon sets, as Iconify has them."""


def check_icon_sets(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, each once; none for `none`."""
    for name in names:
        if not ICON_SET.fullmatch(name):
            raise ValueError("must be names of Iconify sets, such as logos or devicon")
    return () if names == ("none",) else tuple(dict.fromkeys(names))


def check_root_path(value: str) -> str:
    """The path without a final slash: `/logos` for `/logos/`."""
    path = value.rstrip("/")
    if path and not re.fullmatch(r"(/[A-Za-z0-9._~-]+)+", path):
        raise ValueError("must be a path such as /logos")
    return path


def check_template_url(value: SecretStr | None) -> SecretStr | None:
    if value is None:
        return None
    template = value.get_secret_value()
    try:
        example = template.format(domain="example.com", key="example", size=128)
    except (KeyError, IndexError, ValueError) as error:
        raise ValueError("may hold {domain}, {key} and {size}, and no other braces") from error
    web_url(example)
    if "{domain}" not in template and "{key}" not in template:
        raise ValueError("must hold {domain} or {key}")
    return value


def check_proxy_url(value: SecretStr | None) -> SecretStr | None:
    if value is not None:
        parts = web_url(value.get_secret_value(), user_information=True)
        if parts.path not in {"", "/"} or parts.query or parts.fragment:
            raise ValueError("must hold no path; in a password write / ? # as %2F %3F %23")
    return value


def web_url(value: str, *, user_information: bool = False) -> SplitResult:
    if not value.isprintable() or " " in value:
        raise ValueError("must not hold spaces or control characters")
    try:
        parts = urlsplit(value)
        _ = parts.port
    except ValueError:  # its message quotes parts of the URL, which may be those of a password
        raise ValueError(
            "must be a URL, with a port up to 65535, and / ? # in a password as %2F %3F %23"
        ) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be an http:// or https:// URL")
    if not user_information and (parts.username or parts.password):
        raise ValueError("must not hold a user name or password")
    return parts


@validated_dataclass(frozen=True, slots=True)
class ConnectTo:
    """Redirects connections for `host:port`. None matches any host or port."""

    host: str | None
    port: int | None
    to_host: str
    to_port: int

    @model_validator(mode="before")
    @classmethod
    def parse(cls, value: object) -> object:
        """Parse curl's text form, with IPv6 addresses in brackets."""
        if not isinstance(value, str):
            return value
        found = re.fullmatch(r"([^:\[\]]*):(\d*):(\[[0-9a-fA-F:.]+\]|[^:\[\]]+):(\d+)", value)
        if found is None or not all(int(port) <= HIGHEST_PORT for port in found.group(2, 4) if port):
            raise ValueError("must be written HOST:PORT:HOST:PORT")
        host, port, to_host, to_port = found.groups()
        return {
            "host": host.lower() or None,
            "port": int(port) if port else None,
            "to_host": to_host.strip("[]"),
            "to_port": int(to_port),
        }

    @model_serializer
    def text(self) -> str:
        to_host = f"[{self.to_host}]" if ":" in self.to_host else self.to_host
        return f"{self.host or ''}:{self.port or ''}:{to_host}:{self.to_port}"

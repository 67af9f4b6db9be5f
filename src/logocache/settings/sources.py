"""Sources of settings (environment, secret files, TOML), parsing of their texts, and errors."""

import difflib
import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args
from urllib.parse import SplitResult, urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    SecretStr,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic.dataclasses import dataclass as validated_dataclass
from pydantic.fields import FieldInfo

from logocache.errors import SettingsError
from logocache.settings.input_files import parse_toml, read_input

PREFIX = "LOGO_CACHE_"
FILE_SUFFIX = "_FILE"

HIGHEST_PORT = 65535

MAX_SECRET_BYTES = 64_000
"""Of a file with one secret; the longest tokens have a few thousand."""
MAX_CONFIG_BYTES = 1_000_000
"""Of the settings file; all settings with long comments take less."""

SERVICE_LINK = re.compile(r"LOGO_CACHE_(SERVICE_(HOST|PORT)|PORT)(_\w+)?$")
"""Variables that Kubernetes and Docker links set for a service called `logo-cache`."""

VARIABLES = {"refresh_interval_days": "LOGO_REFRESH_INTERVAL_DAYS"}
"""Settings whose variable is not the prefix and the name in capitals."""

Fields = Mapping[str, FieldInfo]
"""The settings by the names in TOML files."""


def fields_of(settings: type[BaseModel]) -> Fields:
    return {field.alias or name: field for name, field in settings.model_fields.items()}


def gathered(arguments: Mapping[str, Any], fields: Fields) -> dict[str, Any]:
    """The given value of each setting: by argument, else environment, `<NAME>_FILE`, TOML file.

    Raises:
        SettingsError: an unknown variable or key, a secret given twice, an unreadable file.
    """
    check_variables(os.environ, fields)
    environment = {name: value for name in fields if (value := os.environ.get(variable_of(name)))}
    secrets = read_secret_files(os.environ, fields)
    config = arguments.get("config") or environment.get("config")
    file_values = {} if config is None else read_toml(Path(config), fields)
    return {**file_values, **secrets, **environment, **arguments}


def variable_of(name: str) -> str:
    """The environment variable of the setting `name`."""
    return VARIABLES.get(name) or PREFIX + name.upper()


def check_variables(environ: Mapping[str, str], fields: Fields) -> None:
    """Raise `SettingsError` for an unknown `LOGO_CACHE_…` variable."""
    known = {variable_of(name) for name in fields}
    known |= {variable_of(name) + FILE_SUFFIX for name in secret_names(fields)}
    for variable in sorted(environ):
        if variable.startswith(PREFIX) and variable not in known and not SERVICE_LINK.match(variable):
            raise SettingsError(
                f"unknown setting {variable} in the environment", hint=suggestion(variable, known, "unset it")
            )


def read_secret_files(environ: Mapping[str, str], fields: Fields) -> dict[str, str]:
    """Secrets from the files that `<NAME>_FILE` variables name, without a final newline."""
    values: dict[str, str] = {}
    for name in secret_names(fields):
        variable = variable_of(name)
        path = environ.get(variable + FILE_SUFFIX)
        if not path:
            continue
        if environ.get(variable):
            raise SettingsError(
                f"both {variable} and {variable}{FILE_SUFFIX} are set", hint="unset one of them"
            )
        try:
            values[name] = read_input(Path(path), most=MAX_SECRET_BYTES).decode().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(
                f"{variable}{FILE_SUFFIX} names {path}, which cannot be read ({reason_of(error)})",
                hint="name a readable text file",
            ) from error
    return values


def read_toml(path: Path, fields: Fields) -> dict[str, Any]:
    """The settings of a TOML file. Relative paths in it are relative to the file."""
    try:
        values = parse_toml(read_input(path, most=MAX_CONFIG_BYTES).decode())
    except OSError as error:
        raise SettingsError(
            f"the settings file {path} cannot be read ({reason_of(error)})",
            hint=f"name a readable file with --config or {PREFIX}CONFIG",
        ) from error
    except ValueError as error:  # not TOML, not UTF-8, or a number of 5,000 digits
        raise SettingsError(
            f"the settings file {path} is not TOML ({reason_of(error)})", hint="correct the file"
        ) from error
    known = set(fields) - {"config"}
    for key in values:
        if key not in known:
            raise SettingsError(
                f"unknown setting '{key}' in {path}", hint=suggestion(key, known, "remove it")
            )
    return {
        key: relative_to(path.parent, value) if is_path(key, fields) else value
        for key, value in values.items()
    }


def is_path(name: str, fields: Fields) -> bool:
    annotation = fields[name].annotation
    return annotation is Path or Path in get_args(annotation)


def relative_to(folder: Path, value: object) -> object:
    if isinstance(value, str) and not value.startswith("~"):
        return str(folder / value)
    if isinstance(value, list):
        return [relative_to(folder, item) for item in value]
    return value


def secret_names(fields: Fields) -> tuple[str, ...]:
    return tuple(name for name, field in fields.items() if is_secret(field))


def is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)


def as_settings_error(error: ValidationError, fields: Fields) -> SettingsError:
    """The first problem of `error` in one line, without secrets."""
    mistake = error.errors(include_url=False, include_context=False)[0]
    name = str(mistake["loc"][0]) if mistake["loc"] else ""
    if name not in fields:
        return SettingsError(f"unknown setting '{name}'", hint=suggestion(name, set(fields), "remove it"))
    secret = is_secret(fields[name])
    value = "" if secret else f" = {str(mistake['input'])[:120]!r}"
    rule = mistake["msg"].removeprefix("Value error, ")
    rule = rule[:1].lower() + rule[1:]
    return SettingsError(f"{variable_of(name)}{value} is not allowed", hint=rule)


def suggestion(name: str, known: Iterable[str], otherwise: str) -> str:
    near = difflib.get_close_matches(name, sorted(known), n=1)
    return f"did you mean {near[0]}?" if near else f"{otherwise}; docs/configuration.md lists all settings"


def reason_of(error: OSError | ValueError) -> str:
    """The reason without error number and path; of undecodable text, without its bytes."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not in UTF-8"
    return (error.strerror or str(error)) if isinstance(error, OSError) else str(error)


# Validators. Each raises ValueError with the rule that was broken.


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

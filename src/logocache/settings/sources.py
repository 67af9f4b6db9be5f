"""Sources of settings: environment, secret files and TOML; also for other files that the operator names.

A FIFO would block the program, a device would fill its memory, and four megabytes of hostile TOML take
minutes to parse: only regular files of limited size are read.
"""

import difflib
import errno
import os
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import (
    BaseModel,
    SecretStr,
    ValidationError,
)
from pydantic.fields import FieldInfo

from logocache.errors import SettingsError

PREFIX = "LOGO_CACHE_"
FILE_SUFFIX = "_FILE"

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


DEEPEST_TOML_NAME = 16
"""Parts of a dotted name. The parser takes quadratic time in them; our names have at most three."""

TOO_DEEP_NAME = re.compile(
    r"""(?<![\w-])(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+')(?:[ \t]*+\.[ \t]*+(?:[\w-]++|"[^"\n]*+"|'[^'\n]*+'))"""
    rf"{{{DEEPEST_TOML_NAME}}}"
)
"""Possessive throughout, so that searching takes linear time."""


def read_input(path: Path, *, most: int) -> bytes:
    """All bytes of a regular file of at most `most` bytes. Follows symbolic links.

    Raises:
        OSError: it is not a regular file, cannot be read, or is larger; `strerror` is always set.
    """
    try:
        _require_regular(path.stat())  # before opening, which may have side effects on a device
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOCTTY | os.O_NONBLOCK)
    except ValueError as error:  # a NUL character or a lone surrogate
        raise OSError(errno.EINVAL, "its name is not possible") from error
    with os.fdopen(descriptor, "rb") as file:
        _require_regular(os.fstat(descriptor))  # again: the file may have been replaced
        content = file.read(most + 1)
    if len(content) > most:
        raise OSError(errno.EFBIG, f"it is larger than {most} bytes")
    return content


def iconify_file(path: Path) -> Path:
    """The file of an Iconify set: `path`, or `icons.json` in it if it is the folder of an npm package."""
    return path / "icons.json" if os.path.isdir(path) else path  # noqa: PTH112  # Path.is_dir may raise


def parse_toml(text: str) -> dict[str, Any]:
    """The document. Raises ValueError, with a reason of one line, if it is invalid or nested too deeply."""
    if TOO_DEEP_NAME.search(text):
        raise ValueError(f"a name in it has more than {DEEPEST_TOML_NAME} parts")
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def _require_regular(status: os.stat_result) -> None:
    if stat.S_ISDIR(status.st_mode):
        raise IsADirectoryError(errno.EISDIR, "it is a directory")
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "it is not a regular file")

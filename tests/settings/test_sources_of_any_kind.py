"""Whatever stands in a variable, a settings file or a secret: it is a setting, or an error of one line."""

import json
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logocache.errors import SettingsError
from logocache.settings import Settings
from logocache.settings.sources import fields_of, secret_names, variable_of

FIELDS = fields_of(Settings)

NUMBERS = [
    *(
        "inf",
        "-inf",
        "nan",
        "1e400",
        "-1e400",
        "1e308",
        "1e-320",
        "-0",
        "-0.0",
        "9" * 400,
        "9" * 5_000,
        "-" + "9" * 400,
    ),
    *("0x10", "1_0", "\u0663", "", " 5 ", "1e18", "1e30", "0" * 5_000, "5" + "\0", "\udcff", "1\n2", "true"),
]


@pytest.mark.parametrize(
    "name", [name for name, field in FIELDS.items() if field.annotation in {int, float, timedelta}]
)
@pytest.mark.parametrize("number", NUMBERS, ids=lambda number: ascii(number[:8]))
def test_every_number_is_finite_and_bounded_or_refused(name: str, number: str) -> None:
    settings = settings_or_error(**{name: number})
    if isinstance(settings, Settings):
        value = settings.shown()[name]
        assert isinstance(value, int | float)
        assert 0 <= value <= 10**12
        assert settings.max_size_bytes >= 1
        assert settings.refresh_interval >= timedelta()


@pytest.mark.parametrize(
    "rate", [number for number in NUMBERS if number.isprintable()], ids=lambda rate: rate[:8]
)
def test_every_rate_is_finite_or_refused(rate: str) -> None:
    settings = settings_or_error(provider_rates=f"google={rate}")
    if isinstance(settings, Settings):
        assert 0 < settings.provider_rates["google"] <= 10_000


def as_toml(values: dict[str, str]) -> bytes:
    lines = (f"{name} = {json.dumps(value)}" for name, value in values.items())
    return "\n".join(lines).encode()


TEXTS = (
    st.text() | st.text(alphabet="0123456789-+.eE,=:/[]{}@%?#&\x1b\n\0ab\udcff") | st.sampled_from(NUMBERS)
)


@given(st.dictionaries(st.sampled_from(sorted(FIELDS)), TEXTS, min_size=1, max_size=4))
def test_any_texts_are_settings_or_one_line(values: dict[str, str]) -> None:
    values.pop("config", None)  # the file is tried below
    settings_or_error(**values)


@given(st.binary() | st.dictionaries(st.sampled_from(sorted(FIELDS)), TEXTS).map(as_toml))
def test_any_bytes_are_a_settings_file_or_one_line(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz-settings.toml"
    path.write_bytes(content)
    settings_or_error(config=path)


@given(st.binary())
def test_any_bytes_are_a_secret_or_one_line(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "fuzz-secret"
    path.write_bytes(content)
    with pytest.MonkeyPatch.context() as patched:
        for name in secret_names(FIELDS):
            patched.setenv(f"{variable_of(name)}_FILE", str(path))
            settings_or_error()
            patched.delenv(f"{variable_of(name)}_FILE")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(b"dir = " + b"[" * 100_000, "nested too deep", id="lists"),
        pytest.param(b".".join([b"a"] * 100_000) + b" = 1", "more than 16 parts", id="one name"),
        pytest.param(b"max_size_mb = " + b"9" * 5_000, "is not TOML", id="a number"),
        pytest.param(b"max_size_mb = inf", "less than or equal to", id="infinity"),
        pytest.param(b"max_size_mb = nan", "is not allowed", id="no number"),
        pytest.param(b"dir = '" + b"a" * 1_000_000 + b"'", "larger than 1000000 bytes", id="too large"),
        pytest.param(b"dir = '\xff'", "not in UTF-8", id="another encoding"),
    ],
)
def test_a_settings_file_that_cannot_be_used_is_one_line(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "settings.toml"
    path.write_bytes(content)
    error = settings_or_error(config=path)
    assert words in str(error)


def settings_or_error(**values: object) -> Settings | SettingsError:
    """The settings; or the error, which is one line of bearable length."""
    settings: Settings | SettingsError
    try:
        settings = Settings(**values)
    except SettingsError as error:
        settings = error
    if isinstance(settings, Settings):
        json.dumps(settings.shown(), allow_nan=False)
    else:
        assert "\n" not in str(settings)
        assert len(str(settings)) < 1000
    return settings

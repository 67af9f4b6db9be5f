"""The operator's own image."""

import logging
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.factories import make_integration
from logocache.model import IconPurpose, StoringClass
from logocache.ports import Answer, FetchRequest, Provider
from logocache.providers.configured import OwnFileProvider


def ask(request: FetchRequest) -> Answer:
    raise AssertionError(f"nothing may be asked: {request.url}")


@pytest.fixture
def provider() -> Provider:
    return OwnFileProvider(10)


def test_it_is_the_operators_own_and_asks_no_network(provider: Provider) -> None:
    terms = provider.terms
    assert (terms.id, terms.storing, terms.licence) == ("file", StoringClass.OWN_FILES, None)
    assert not terms.uses_network


def test_the_file_is_the_only_candidate_and_its_folder_stays_private(
    provider: Provider, tmp_path: Path
) -> None:
    path = tmp_path / "my logo.png"
    path.write_bytes(b"0123456789")
    (candidate,) = provider.candidates(make_integration(file=path), ask)
    assert candidate.body == b"0123456789"
    assert candidate.url == "file:my%20logo.png"
    assert candidate.purpose is IconPurpose.LOGO


def test_a_file_whose_name_is_no_unicode_is_taken_too(provider: Provider, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"logo\xff.png")
    path.write_bytes(b"0123456789")
    (candidate,) = provider.candidates(make_integration(file=path), ask)
    assert candidate.url == "file:logo%FF.png"


def test_an_entry_without_a_file_has_none(provider: Provider) -> None:
    assert provider.candidates(make_integration(), ask) == ()


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        pytest.param(lambda path: None, "No such file", id="missing"),
        pytest.param(lambda path: path.write_bytes(b"0" * 11), "larger than 10 bytes", id="too large"),
        pytest.param(lambda path: path.mkdir(), "it is a directory", id="a directory"),
        pytest.param(lambda path: path.symlink_to(path), "", id="a link to itself"),
        pytest.param(os.mkfifo, "not a regular file", id="a pipe"),
        pytest.param(lambda path: path.symlink_to("/dev/zero"), "not a regular file", id="a device"),
    ],
)
def test_a_file_that_cannot_be_used_is_logged_and_left_out(
    provider: Provider,
    tmp_path: Path,
    make: Callable[[Path], None],
    reason: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    path = tmp_path / "logo.png"
    make(path)
    with caplog.at_level(logging.WARNING):
        assert provider.candidates(make_integration(file=path), ask) == ()
    (record,) = caplog.records
    assert record.message == "own_file.unusable"
    assert record.__dict__["file"] == str(path)
    assert reason in record.__dict__["reason"]

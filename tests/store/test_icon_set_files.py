"""The folder of the icon sets: complete or absent, whatever lies in it."""

from pathlib import Path

import pytest

from logocache.errors import DirectoryError
from logocache.store.icon_set_files import IconSetFiles, IconSetState, KeptSet

FOLDER = Path(".logocache") / "iconsets"


@pytest.fixture
def files(tmp_path: Path) -> IconSetFiles:
    return IconSetFiles(tmp_path / ".logocache")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / FOLDER).iterdir())


def keep(files: IconSetFiles, content: bytes, *, name: str = "logos") -> KeptSet:
    with files.changing(seconds=0) as change:
        assert change is not None
        kept = KeptSet(file=change.write(name, content), size=len(content))
        change.save(change.state.with_set(name, kept))
    return kept


def test_a_new_version_replaces_the_old_one(files: IconSetFiles, tmp_path: Path) -> None:
    assert (files.state(), files.paths(("logos",))) == (IconSetState(), ())
    keep(files, b"1")
    kept = keep(files, b"2")
    (path,) = files.paths(("logos",))
    assert (path.read_bytes(), files.is_intact(kept)) == (b"2", True)
    assert names(tmp_path) == [".lock", path.name, "state.json"]
    path.write_bytes(b"longer")
    assert not files.is_intact(kept)


def test_unfinished_files_go_with_the_next_change_and_strangers_stay(
    files: IconSetFiles, tmp_path: Path
) -> None:
    keep(files, b"1")
    unknown = f"logos_{'0' * 16}.json"
    for name in (f"{'0' * 16}.part", unknown, "notes.txt"):
        (tmp_path / FOLDER / name).touch()
    kept = keep(files, b"2")
    assert names(tmp_path) == sorted([".lock", "state.json", "notes.txt", unknown, str(kept.file)])


def test_only_the_sets_that_are_wanted_or_were_added_are_used(files: IconSetFiles) -> None:
    kept = {
        "logos": KeptSet(),
        "devicon": KeptSet(is_added=True),
        "cib": KeptSet(is_removed=True, is_added=True),
    }
    assert IconSetState(sets=kept).names(("own", "cib")) == ("own", "devicon")


@pytest.mark.parametrize(
    "state",
    [
        pytest.param("", id="empty"),
        pytest.param("{", id="not JSON"),
        pytest.param('{"sets": {"logos": {"file": "../../../etc/passwd"}}}', id="a path out"),
        pytest.param('{"sets": {"logos": {"fetched_at": "2026-01-01T00:00:00"}}}', id="a time without zone"),
        pytest.param('{"sets": 1, "offered": 2}', id="other types"),
        pytest.param("x" * 1_000_001, id="too large"),
    ],
)
def test_a_damaged_state_is_none(
    files: IconSetFiles, tmp_path: Path, state: str, caplog: pytest.LogCaptureFixture
) -> None:
    keep(files, b"1")
    (tmp_path / FOLDER / "state.json").write_text(state)
    assert (files.state(), files.paths(("logos",))) == (IconSetState(), ())
    assert {record.getMessage() for record in caplog.records} == {"icon_sets.unreadable"}
    keep(files, b"1")
    assert len(files.paths(("logos",))) == 1


def test_planted_links_are_not_followed(files: IconSetFiles, tmp_path: Path) -> None:
    (tmp_path / ".logocache").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / FOLDER).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DirectoryError, match="symbolic link"), files.changing(seconds=0):
        raise AssertionError("unreachable")
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_one_at_a_time_changes_it(files: IconSetFiles) -> None:
    with files.changing(seconds=0), files.changing(seconds=0) as second:
        assert second is None


def test_a_write_that_fails_leaves_what_was_there(files: IconSetFiles, tmp_path: Path) -> None:
    kept = keep(files, b"1")
    (tmp_path / FOLDER / "state.json").unlink()
    (tmp_path / FOLDER / "state.json").mkdir()
    with pytest.raises(DirectoryError, match="icon sets cannot be kept"):
        keep(files, b"2")
    assert files.is_intact(kept)

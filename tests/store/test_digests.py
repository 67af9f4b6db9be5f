"""Many files compared with what they should be, by one process or several."""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from logocache.store.digests import (
    AHEAD,
    FEW,
    LARGEST_LOGO,
    Expected,
    Helper,
    differing,
    differing_in_batches,
)

MANY = FEW + 600
BATCH = 100


def expected(name: str, content: bytes) -> Expected:
    return name, len(content), hashlib.sha256(content).hexdigest()


def written(folder: Path, count: int) -> list[list[Expected]]:
    """So many files, in batches of what they should be."""
    files = []
    for number in range(count):
        content = str(number).encode()
        (folder / f"{number}.png").write_bytes(content)
        files.append(expected(f"{number}.png", content))
    return [files[start : start + BATCH] for start in range(0, count, BATCH)]


def names(batches: Sequence[Sequence[Expected]], found: Sequence[tuple[int, list[int]]]) -> set[str]:
    return {batches[number][at][0] for number, positions in found for at in positions}


def longer(path: Path) -> None:
    path.write_bytes(b"logo and more")


def sparse(path: Path) -> None:
    os.truncate(path, LARGEST_LOGO + 1)


def link(path: Path) -> None:
    path.rename(path.with_suffix(".old"))
    path.symlink_to(path.with_suffix(".old"))


def fifo(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "damage", [Path.unlink, longer, sparse, link, fifo, directory, lambda path: path.write_bytes(b"LOGO")]
)
def test_whatever_is_not_that_regular_file_differs(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    files = [expected(name, b"logo") for name in ("a.png", "b.png", "c.png")]
    for name, _, _ in files:
        (tmp_path / name).write_bytes(b"logo")
    assert differing(tmp_path, files) == []
    damage(tmp_path / "b.png")
    assert differing(tmp_path, files) == [1]


def test_no_more_is_read_than_we_ever_write(tmp_path: Path) -> None:
    content = bytes(LARGEST_LOGO + 1)
    (tmp_path / "a.png").write_bytes(content)
    assert differing(tmp_path, [expected("a.png", content)]) == [0]
    content = content[1:]
    (tmp_path / "a.png").write_bytes(content)
    assert differing(tmp_path, [expected("a.png", content)]) == []


def test_few_files_start_no_process(tmp_path: Path) -> None:
    def processors() -> int:
        raise AssertionError("nobody should ask")

    batches = written(tmp_path, BATCH)
    assert list(differing_in_batches(tmp_path, batches, processors=processors)) == [(0, [])]


@pytest.mark.parametrize("processors", [1, 3])
def test_many_files_are_each_compared_once(tmp_path: Path, processors: int) -> None:
    batches = written(tmp_path, MANY)
    damaged = {f"{number}.png" for number in range(7, MANY, 50)}
    for name in damaged:
        (tmp_path / name).write_bytes(b"damaged")
    found = list(differing_in_batches(tmp_path, batches, processors=lambda: processors))
    assert sorted(number for number, _ in found) == list(range(len(batches)))
    assert names(batches, found) == damaged


def test_a_helper_answers_in_turn_and_takes_no_more_than_it_needs(tmp_path: Path) -> None:
    batches = written(tmp_path, (AHEAD + 1) * BATCH)
    (tmp_path / "101.png").unlink()
    helper = Helper(tmp_path)
    try:
        assert [helper.take(number, batch) for number, batch in enumerate(batches)] == [True, True, False]
        assert list(helper.answers(wait=True)) == [(0, []), (1, [1])]
    finally:
        helper.stop()


def test_the_work_of_a_helper_that_died_is_done_here(tmp_path: Path) -> None:
    batches = written(tmp_path, 2 * BATCH)
    (tmp_path / "101.png").unlink()
    helper = Helper(tmp_path)
    try:
        taken = [helper.take(number, batch) for number, batch in enumerate(batches)]
        helper._process.kill()
        helper._process.wait()
        assert taken == [True, True]
        assert list(helper.answers(wait=True)) == [(0, []), (1, [1])]
        assert not helper.take(2, batches[0])
    finally:
        helper.stop()

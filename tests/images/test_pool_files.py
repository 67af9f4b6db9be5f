"""Files are checked in batches, and one file is to blame when a batch fails."""

import os
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

import pytest

from harness.decoders import GOOD, Impostor, pids
from harness.image_samples import decode, encoded, two_colours
from logocache.images.pool import BATCH, BATCHES_AHEAD, DecoderPool
from logocache.ports import FileCheck

pytestmark = pytest.mark.end_to_end


# Stored files.


def test_files_are_checked_in_their_order_over_many_batches(pool: DecoderPool, tmp_path: Path) -> None:
    sizes = [(8 + number % 7, 9) for number in range(2 * BATCH + 3)]
    paths = []
    for number, size in enumerate(sizes):
        paths.append(tmp_path / f"{number}.png")
        paths[-1].write_bytes(encoded(two_colours(size), "PNG"))
    paths[5].write_bytes(b"broken")
    checks = list(pool.check_files(paths))
    assert [check.path for check in checks] == paths
    assert [(check.width, check.height) for check in checks[6:]] == sizes[6:]
    assert [check.path for check in checks if check.problem is not None] == [paths[5]]


def test_no_files_need_no_decoder(own: DecoderPool) -> None:
    assert list(own.check_files([])) == []
    assert pids(own) == []


def test_a_relative_path_is_meant_from_here_and_not_from_where_the_decoder_started(
    own: DecoderPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode(own, GOOD)
    (tmp_path / "a.png").write_bytes(GOOD)
    monkeypatch.chdir(tmp_path)
    assert list(own.check_files([Path("a.png")])) == [FileCheck(path=Path("a.png"), width=40, height=20)]


def test_names_that_are_not_utf_8_are_found(own: DecoderPool, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"\xff.png")
    path.write_bytes(GOOD)
    assert [check.width for check in own.check_files([path])] == [40]


def test_paths_are_taken_only_a_few_batches_ahead(pool: DecoderPool, tmp_path: Path) -> None:
    taken: list[int] = []

    def endless() -> Iterator[Path]:
        for number in count():
            taken.append(number)
            yield tmp_path / f"{number}.png"

    checks = pool.check_files(endless())
    assert len(list(islice(checks, BATCH))) == BATCH
    assert len(taken) <= BATCH * (2 * BATCHES_AHEAD + 2)
    checks.close()  # type: ignore[attr-defined]  # the port promises an iterator; ours is a generator


def test_one_file_is_to_blame_when_a_batch_fails(own: DecoderPool, impostor: Impostor) -> None:
    # It dies of every message that names b.png, and finds all others of size 7 × 7.
    impostor(
        "import sys; from logocache.images.messages import Message, receive\n"
        "sys.stdout.buffer.write(Message().pack()); sys.stdout.flush()\n"
        "while True:\n"
        "    paths = receive(sys.stdin.buffer.read).fields['paths']\n"
        "    if any(path.endswith('b.png') for path in paths): sys.exit(9)\n"
        "    sys.stdout.buffer.write(Message(fields={'checks': [[7, 7] for _ in paths]}).pack())\n"
        "    sys.stdout.flush()"
    )
    checks = list(own.check_files([Path("/a.png"), Path("/b.png"), Path("/c.png")]))
    assert [check.obstacle for check in checks] == [None, "the decoder ended with status 9", None]
    assert not any(check.problem for check in checks), "a decoder's death says nothing about a file"
    assert [check.width for check in checks] == [7, 0, 7]

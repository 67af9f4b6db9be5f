"""LogoCache: many entries take no more statements than few, where they are changed together."""

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import event

from harness.bench import Bench
from harness.factories import make_integration
from harness.fakes import sha256
from logocache.cache import LogoCache
from logocache.operations.init import Recovery
from logocache.ports import Silent
from logocache.queries import ClearSelection
from logocache.results import FindingKind
from logocache.settings import Settings
from logocache.store.files import FileStore, StagedFile

FEW, MANY = 3, 60


def stocked(folder: Path, count: int) -> Bench:
    """So many entries, each with a file."""
    bench = Bench(folder, integrations=[make_integration(f"company{number}") for number in range(count)])
    with bench.open() as cache:
        cache.init()
    return bench


@contextmanager
def statements(cache: LogoCache) -> Iterator[Sequence[str]]:
    """Those that its database was given."""
    seen: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        seen.append(statement)

    database = cache._context.repository._database
    engines = (database._engine, database._lookups)
    for engine in engines:
        event.listen(engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        for engine in engines:
            event.remove(engine, "before_cursor_execute", note)


def cost_of_clearing(folder: Path, count: int) -> int:
    with stocked(folder, count).open() as cache:
        plan = cache.plan_clear(ClearSelection(everything=True))
        with statements(cache) as seen:
            assert len(cache.clear(plan).logos) == count
    return len(seen)


def cost_of_orphans(folder: Path, count: int) -> int:
    bench = stocked(folder, count)
    with bench.open() as cache:
        kept = bench.files
        cache.clear(cache.plan_clear(ClearSelection(everything=True)))
        for name, content in kept.items():
            (folder / "logos" / name).write_bytes(content)
        with statements(cache) as seen:
            report = cache.verify(repair=True)
    assert (report.ok, report.repaired, bench.files) == (True, count, {})
    return len(seen)


def cost_of_damage(folder: Path, count: int) -> int:
    """With fetching switched off: that does take statements for each."""
    bench = stocked(folder, count)
    for name in bench.files:
        (folder / "logos" / name).write_bytes(b"damaged")
    with bench.open(enabled=False) as cache, statements(cache) as seen:
        findings = cache.verify(repair=True).findings
    assert [finding.kind for finding in findings] == [FindingKind.WRONG_SIZE] * count
    assert bench.files == {}, "all are in quarantine"
    return len(seen)


def cost_of_recovery(folder: Path, count: int) -> int:
    """Among as many files that are nobody's."""
    bench = Bench(folder, settings={"on_demand": "any"})
    with bench.open() as cache:
        cache.init()
        for number in range(count):
            names = (f"company{number}.com_{sha256(b'a logo')[:8]}.png", f"screenshot{number}_20240115.png")
            for name in names:
                (folder / "logos" / name).write_bytes(b"a logo")
        with statements(cache) as seen:
            assert Recovery(cache._context).run(beside_others=True, progress=Silent()) == count
    return len(seen)


@pytest.mark.parametrize("cost", [cost_of_clearing, cost_of_orphans, cost_of_damage, cost_of_recovery])
def test_many_cost_as_many_statements_as_few(tmp_path: Path, cost: Callable[[Path, int], int]) -> None:
    assert cost(tmp_path / "many", MANY) == cost(tmp_path / "few", FEW)


class CountingStore(FileStore):
    """Notes each batch that is put in place, each sync of a directory, and each file that is discarded."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.dir, settings.private_dir, sync=self._note_sync)
        self.batches: list[int] = []
        self.synced_directories = 0
        self.discarded = 0

    def commit(self, batch: Sequence[StagedFile]) -> None:
        self.synced_directories = 0
        super().commit(batch)
        self.batches.append(len(batch))
        assert self.synced_directories == 1

    def discard(self, staged: StagedFile) -> None:
        self.discarded += 1
        super().discard(staged)

    def _note_sync(self, descriptor: int) -> None:
        self.synced_directories += stat.S_ISDIR(os.fstat(descriptor).st_mode)
        os.fsync(descriptor)


def test_a_batch_of_logos_syncs_the_directory_once_and_leaves_nothing_to_discard(tmp_path: Path) -> None:
    """A sync of the directory takes milliseconds, while all other writers wait."""
    bench = Bench(tmp_path, integrations=[make_integration(f"company{number}") for number in range(MANY)])
    with bench.open() as opened:
        store = CountingStore(opened.settings)
        LogoCache(replace(opened._context, store=store)).init()
    assert (sum(store.batches), store.discarded) == (MANY, 0)
    assert len(bench.files) == MANY


def test_init_with_nothing_due_reads_no_entries(tmp_path: Path) -> None:
    """Neither to compare its directory with the database, nor for its report."""
    bench = stocked(tmp_path, FEW)
    with bench.open() as cache, statements(cache) as seen:
        assert cache.init().asked == 0
    assert [
        statement for statement in seen if "logo.source_url" in statement and "LIMIT" not in statement
    ] == []
    pages = [statement for statement in seen if "logo.source_url" in statement]
    assert len(pages) == 1, "whether any entry has a file"

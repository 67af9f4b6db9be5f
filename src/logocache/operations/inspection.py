"""Every file against its row, every row against its file. Looks, and changes nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from logocache.model import LogoRecord
from logocache.operations.orphans import orphans, pages
from logocache.operations.parts import Parts
from logocache.policy import verdict
from logocache.ports.progress import Progress
from logocache.ports.repository import RecordFilter
from logocache.ports.store import FoundFile
from logocache.results import Finding, FindingKind

LEFTOVER_AGE = timedelta(hours=1)
"""A temporary file this old belongs to no write that still goes on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What was looked at, and what is wrong."""

    entries: int
    files: int
    size_bytes: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    max_size_bytes: int
    min_free_disk_bytes: int


class Inspector:
    """Looks at everything and changes nothing."""

    def __init__(self, parts: Parts, limits: Limits) -> None:
        self._parts = parts
        self._limits = limits

    def inspect(self, progress: Progress) -> Inspection:
        """All findings, those about files in order of key."""
        listed = {found.name: found for found in self._parts.store.files()}
        progress.start(len(listed))
        entries = 0
        findings: list[Finding] = []
        for page in pages(self._parts.repository, RecordFilter(has_file=True)):
            entries += len(page)
            findings += self._inspect_page(page, listed, progress)
        findings += self._orphans(listed)
        findings += self._surroundings()
        return Inspection(
            entries=entries,
            files=len(listed),
            size_bytes=sum(found.size for found in listed.values()),
            findings=tuple(findings),
        )

    def _inspect_page(
        self, page: Sequence[LogoRecord], listed: Mapping[str, FoundFile], progress: Progress
    ) -> list[Finding]:
        found: dict[str, Finding] = {}
        whole: list[LogoRecord] = []
        for record in page:
            problem = self._compare(record, listed)
            if problem is None:
                whole.append(record)
            else:
                found[record.key] = problem
            progress.advance(record.key)
        found |= self._decode(whole)
        now = self._parts.clock()
        for record in page:
            overdue = verdict.judge_keeping(record, now=now)
            if overdue is not None:
                found.setdefault(record.key, overdue)
        return [found[record.key] for record in page if record.key in found and self._still_so(record)]

    def _compare(self, record: LogoRecord, listed: Mapping[str, FoundFile]) -> Finding | None:
        stored = record.file
        if stored is None:
            raise AssertionError("unreachable: only entries with a file are read")
        problem = verdict.judge_presence(record, stored, listed.get(stored.name))
        return problem or verdict.judge_digest(record, stored, self._parts.store.sha256(stored.name))

    def _decode(self, records: Sequence[LogoRecord]) -> dict[str, Finding]:
        files = [(record, record.file) for record in records if record.file is not None]
        checks = self._parts.engines.images.check_files(
            self._parts.store.path(stored.name) for _, stored in files
        )
        judged = (
            verdict.judge_decoding(record, stored, check)
            for (record, stored), check in zip(files, checks, strict=True)
        )
        return {each.key: each for each in judged if each is not None and each.key is not None}

    def _still_so(self, record: LogoRecord) -> bool:
        """Whether the row is as it was read: another process may have replaced its logo meanwhile."""
        current = self._parts.repository.get(record.key)
        return current is not None and current.file == record.file

    def _orphans(self, listed: Mapping[str, FoundFile]) -> list[Finding]:
        return [
            verdict.finding(
                FindingKind.ORPHAN, f"no entry names this file of {listed[name].size} bytes", file=name
            )
            for name in orphans(listed, self._parts.repository)
        ]

    def _surroundings(self) -> list[Finding]:
        findings = [
            verdict.finding(
                FindingKind.LEFTOVER, "a temporary file of a write that broke off", file=each.name
            )
            for each in self._parts.store.leftovers(before=self._parts.clock() - LEFTOVER_AGE)
        ]
        findings += [
            verdict.finding(FindingKind.PERMISSIONS, problem)
            for problem in self._parts.store.permission_problems()
        ]
        now = self._parts.clock()
        totals = self._parts.repository.totals(now=now, stale_before=now)
        stored = totals.bytes + totals.replaced_bytes + self._parts.variants.size_bytes()
        over = verdict.judge_limit(stored_bytes=stored, limit=self._limits.max_size_bytes)
        low = verdict.judge_disk(
            free_bytes=self._parts.store.disk_space().free_bytes,
            wanted_bytes=self._limits.min_free_disk_bytes,
        )
        return findings + [each for each in (over, low) if each is not None]

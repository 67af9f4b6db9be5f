"""Comparison of files with records. Changes nothing.

Writers continue meanwhile: a difference is reported only if file and record, read again inside a write
transaction, still differ. A file that could not be checked is a finding of its own, and not repaired.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from logocache.errors import DirectoryError
from logocache.model import FoundFile, LogoRecord, ReplacedFile, StoredFile, StoredForm
from logocache.operations.clear import LEFTOVER_AGE, batches, directory_listing
from logocache.operations.context import Context
from logocache.policy.findings import (
    finding,
    judge_decoding,
    judge_disk,
    judge_file,
    judge_limit,
    judge_totals,
    not_checked,
)
from logocache.ports import FileCheck, Progress
from logocache.repository.filters import RecordFilter
from logocache.results import Finding, FindingKind
from logocache.store.digests import Expected
from logocache.store.names import form_like

BATCH = 250
"""Files compared at a time."""

Page = Sequence[tuple[str, StoredFile]]
"""Current files with the keys of their entries."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A finding, and the record or replaced file that it concerns."""

    finding: Finding
    record: LogoRecord | None = None
    replaced: ReplacedFile | None = None
    check: FileCheck | None = None
    """Result of decoding the file, if it was decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """Totals of an inspection, and its findings."""

    entries: int
    files: int
    size_bytes: int
    found: tuple[Found, ...]


class Inspector:
    """Inspects the whole cache. Changes nothing."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def inspect(self, progress: Progress, *, decode: bool) -> Inspection:
        """Return all findings, those about files sorted by key. Raises as `confirmed`.

        Files are compared by size and digest. Only with `decode` their pictures are decoded, too.
        """
        progress.start(self._context.repository.count(RecordFilter(has_file=True)))
        entries = 0
        of_entries: list[Found] = []
        for page, differing in self._compared():
            entries += len(page)
            of_entries += self._inspect_page(page, differing, decode=decode)
            for key, _ in page:
                progress.advance(key)
        of_entries.sort(key=lambda found: found.record.key if found.record is not None else "")
        listing = directory_listing(self._context)
        around = (*map(_orphan, listing.orphans), *self._surroundings())
        return Inspection(
            entries=entries,
            files=listing.files,
            size_bytes=listing.size_bytes,
            found=(
                *of_entries,
                *self._inspect_replaced(),
                *(Found(finding=finding) for finding in around),
            ),
        )

    def confirmed(self, found: Sequence[Found]) -> tuple[Found, ...]:
        """Check findings about rows again; return those that still hold, unless the row's file has changed.

        Call it inside a unit of work, so that no writer renames or deletes files meanwhile.

        Raises DirectoryError if the directory itself is gone.
        """
        of_keys = RecordFilter(keys=[item.record.key for item in found if item.record is not None])
        records = {record.key: record for page in self._context.repository.pages(of_keys) for record in page}
        replaced = {file.name: file for file in self._context.repository.replaced_files()}
        again = [
            self._replaced_again(item, replaced.get(item.replaced.name))
            if item.replaced is not None
            else self._again(item, records.get(item.record.key) if item.record is not None else None)
            for item in found
        ]
        return tuple(item for item in again if item is not None)

    def _compared(self) -> Iterator[tuple[Page, Collection[str]]]:
        """Yield all current files in batches, with the names of those that differ from their records."""
        pages: dict[int, Page] = {}

        def expected() -> Iterator[Sequence[Expected]]:
            split = (batch for page in self._context.repository.files() for batch in batches(page, BATCH))
            for number, page in enumerate(split):
                pages[number] = page
                yield [(form.name, form.size, form.sha256) for _, form in _forms(page)]

        for number, positions in self._context.store.differing(expected()):
            page = pages.pop(number)
            forms = _forms(page) if positions else ()
            yield page, {forms[at][1].name for at in positions}

    def _inspect_page(self, page: Page, differing: Collection[str], *, decode: bool) -> tuple[Found, ...]:
        checks: dict[str, tuple[Finding, FileCheck]] = {}
        if decode:
            checks = self._decode([(key, file) for key, file in page if file.name not in differing])
        keys = {key for key, form in _forms(page) if form.name in differing} if differing else set()
        if not keys | checks.keys():
            return ()
        found: list[Found] = []
        where = RecordFilter(keys=keys | checks.keys())
        for record in chain.from_iterable(self._context.repository.pages(where)):
            if record.key in checks:
                problem, check = checks[record.key]
                found.append(Found(finding=problem, record=record, check=check))
            if record.key in keys and record.file is not None:
                problems = (self._compare(record.key, form) for form in record.file.forms)
                found += [Found(finding=problem, record=record) for problem in problems if problem]
        return self._confirmed(found)

    def _inspect_replaced(self) -> tuple[Found, ...]:
        suspects = (
            (replaced, self._compare(replaced.key, replaced))
            for replaced in self._context.repository.replaced_files()
        )
        return self._confirmed(
            [
                Found(finding=problem, replaced=replaced)
                for replaced, problem in suspects
                if problem is not None
            ]
        )

    def _confirmed(self, found: Sequence[Found]) -> tuple[Found, ...]:
        if not found:
            return ()
        with self._context.repository.unit():
            return self.confirmed(found)

    def _again(self, found: Found, record: LogoRecord | None) -> Found | None:
        before = found.record
        if record is None or before is None or record.file is None or record.file != before.file:
            return None
        form = form_like(found.finding.file, record.file)
        problem = self._compare(record.key, form) if form is not None else None
        if problem is None and found.check is not None:
            problem = found.finding  # the bytes are those that were decoded
        return Found(finding=problem, record=record, check=found.check) if problem is not None else None

    def _replaced_again(self, found: Found, replaced: ReplacedFile | None) -> Found | None:
        if replaced is None or replaced != found.replaced:
            return None
        problem = self._compare(replaced.key, replaced)
        return Found(finding=problem, replaced=replaced) if problem is not None else None

    def _compare(self, key: str, stored: StoredForm | ReplacedFile) -> Finding | None:
        """Compare the file with its record."""
        try:
            found = self._context.store.look(stored.name)
            sha256 = self._context.store.sha256(stored.name) if found is not None else None
        except DirectoryError as error:
            return not_checked(error.problem, key=key, file=stored.name)
        if found is None:
            self._context.store.require()
        is_current = isinstance(stored, StoredForm)
        return judge_file(key, stored, found, sha256, is_current=is_current)

    def _decode(self, page: Page) -> dict[str, tuple[Finding, FileCheck]]:
        """Decode the files; return by key what is wrong."""
        checks = self._context.images().check_files(
            self._context.store.path(stored.name) for _, stored in page
        )
        judged = (
            (key, judge_decoding(key, stored, check), check)
            for (key, stored), check in zip(page, checks, strict=True)
        )
        return {key: (problem, check) for key, problem, check in judged if problem is not None}

    def _surroundings(self) -> list[Finding]:
        totals = self._wrong_totals()  # first: repaired before the limit is enforced by them
        findings = [totals] if totals is not None else []
        findings += [
            finding(FindingKind.LEFTOVER, "a temporary file of a write that broke off", file=leftover.name)
            for leftover in self._context.store.leftovers(before=self._context.clock() - LEFTOVER_AGE)
        ]
        findings += [
            finding(FindingKind.PERMISSIONS, problem) for problem in self._context.store.permission_problems()
        ]
        low = judge_disk(
            free_bytes=self._context.store.disk_space().free_bytes,
            wanted_bytes=self._context.settings.min_free_disk_bytes,
        )
        return findings + [problem for problem in (self._over_limit(), low) if problem is not None]

    def _wrong_totals(self) -> Finding | None:
        if not self._context.repository.wrong_totals():
            return None
        # Writers may have changed one between the other: while we hold the transaction, both agree.
        with self._context.repository.unit() as unit:
            return judge_totals(unit.wrong_totals())

    def _over_limit(self) -> Finding | None:
        limit, now = self._context.settings.max_size_bytes, self._context.clock()
        totals = self._context.repository.totals(now=now)
        stored = totals.bytes + totals.replaced_bytes + self._context.variants.size_bytes()
        if stored <= limit:
            return None
        # Files and variants were summed one after the other; writers may have changed both meanwhile.
        with self._context.repository.unit() as unit:
            stored = unit.stored_bytes() + self._context.variants.size_bytes()
        return judge_limit(stored_bytes=stored, limit=limit)


def _forms(page: Page) -> Sequence[tuple[str, StoredForm]]:
    """All files of the entries of a page, with their keys."""
    return [(key, form) for key, file in page for form in file.forms]


def _orphan(file: FoundFile) -> Finding:
    detail = f"no entry names this file of {file.size} bytes"
    return finding(FindingKind.ORPHAN, detail, file=file.name)

"""The bound on entries made on demand."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from harness.entries import HOUR, fetch_of, make_attempt, make_replaced, save, store
from harness.factories import DAY, NOW, make_cached, make_file, make_form, make_integration, make_record
from harness.race import race
from logocache.model import LogoRecord, Origin
from logocache.repository import Repository
from logocache.repository.filters import DueFilter, RecordFilter
from logocache.repository.totals import Access

Open = Callable[..., Repository]


def stranger(number: int, **facts: object) -> LogoRecord:
    """The higher its number, the later it was made; it is a day old at least."""
    key = f"stranger{number}.test"
    facts = {"created_at": NOW - 30 * DAY + number * HOUR, "domain": key, "origin": Origin.ON_DEMAND} | facts
    return make_record(key, **facts)


def ask_for(repository: Repository, *keys: str) -> tuple[str, ...]:
    """Make entries for these domains; the files that nobody names any more."""
    new = [make_integration(key, domain=key, origin=Origin.ON_DEMAND) for key in keys]
    return repository.register(new, now=NOW).forgotten_files


def keys_of(repository: Repository) -> set[str]:
    return {record.key for record in repository.page(RecordFilter(), after=None, limit=999)}


@pytest.fixture
def four(migrated_url: str, open_url: Open) -> Repository:
    """There may be four of them, and there are, beside an older one of the catalogue."""
    repository = open_url(migrated_url, most_on_demand=4)
    for record in (make_record("catalog", created_at=NOW - 99 * DAY), *map(stranger, range(4))):
        store(repository, record)
    return repository


def test_a_new_one_takes_the_place_of_the_one_used_longest_ago(four: Repository) -> None:
    four.record_accesses({"stranger0.test": Access(count=1, last_at=NOW)}, {})
    ask_for(four, "new.test")
    assert keys_of(four) == {
        "catalog",
        "stranger0.test",
        "stranger2.test",
        "stranger3.test",
        "new.test",
    }


def test_what_belonged_to_it_goes_with_it(four: Repository) -> None:
    file = replace(make_file("stranger0.test"), svg=make_form(b"svg"), dark=make_form(b"dark"))
    with_logo = make_cached(
        "stranger0.test",
        origin=Origin.ON_DEMAND,
        created_at=NOW - 40 * DAY,
        fetched_at=NOW - 40 * DAY,
        file=file,
    )
    replaced = make_replaced("stranger0.test")
    save(four, fetch_of(with_logo, attempts=[make_attempt("stranger0.test")], replaced=replaced))
    save(four, fetch_of(stranger(1), attempts=[make_attempt("stranger1.test")]))
    before = four.generation()
    assert set(ask_for(four, "new.test")) == {*(form.name for form in file.forms), replaced.name}
    assert four.get("stranger0.test") is None
    assert four.attempts("stranger0.test", limit=9) == []
    assert len(four.attempts("stranger1.test", limit=9)) == 1
    assert four.replaced_files() == []
    assert four.generation() > before


def test_an_entry_that_was_there_already_costs_nobody(four: Repository) -> None:
    before = keys_of(four)
    assert ask_for(four, "stranger0.test", "stranger3.test") == ()
    assert keys_of(four) == before


def test_new_entries_of_the_catalogue_cost_nobody(four: Repository) -> None:
    before = keys_of(four)
    four.register([make_integration("another")], now=NOW)
    assert keys_of(four) == before | {"another"}


def test_pinned_ones_stay_and_those_that_are_being_fetched(four: Repository) -> None:
    four.register(
        [make_integration("pinned.test", domain="pinned.test", origin=Origin.ON_DEMAND, pinned=True)],
        now=NOW - 99 * DAY,
    )
    four.claim(["stranger1.test"], now=NOW, due=DueFilter(now=NOW))
    ask_for(four, "new1.test", "new2.test", "new3.test", "new4.test")
    assert keys_of(four) - {f"new{number}.test" for number in range(5)} == {
        "catalog",
        "pinned.test",
        "stranger1.test",
    }


def test_what_is_named_together_does_not_push_itself_out(four: Repository) -> None:
    ask_for(four, "stranger0.test", "new.test")
    assert {"stranger0.test", "new.test"} <= keys_of(four)
    assert "stranger1.test" not in keys_of(four)


def test_a_lower_limit_takes_effect(four: Repository, migrated_url: str, open_url: Open) -> None:
    lower = open_url(migrated_url, most_on_demand=1)
    assert lower.forget_on_demand(now=NOW) == []
    assert keys_of(lower) == {"catalog", "stranger3.test"}
    generation = lower.generation()
    assert lower.forget_on_demand(now=NOW) == ()
    assert lower.generation() == generation, "nothing was changed"


ASK = """
import json
import os
from datetime import UTC, datetime
from logocache.model import Integration, Origin
from logocache.repository import open_repository

repository = open_repository(url, most_on_demand=10)
wait_for_the_others()
for number in range(20):
    domain = f"{number}-{os.getpid()}.test"
    integration = Integration(
        key=domain, name=domain, domain=domain, category="x", origin=Origin.ON_DEMAND
    )
    repository.register([integration], now=datetime.now(UTC))
repository.close()
print(json.dumps(None))
"""


@pytest.mark.end_to_end
def test_processes_together_do_not_pass_the_limit(migrated_url: str, open_url: Open) -> None:
    race(ASK, migrated_url, count=3)
    assert len(keys_of(open_url(migrated_url))) == 10

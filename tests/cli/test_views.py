"""The sentences and tables that are made of each result."""

import dataclasses
import io
from datetime import timedelta

import pytest

from harness.results import (
    CLEARED,
    FETCHED,
    FOUND,
    LISTING,
    MISSED,
    NOW,
    PLAN,
    STATS,
    VERIFIED,
)
from logocache.cli import clear, output, progress
from logocache.cli.output import Column, Gauge, Grid, Line
from logocache.model import OutcomeKind
from logocache.results import ClearPlan, FetchedLogo, FetchReport, Listing, OrphanFile, Result


def plainly(result: Result, *, full: bool = False) -> str:
    return output.plain_text(output.blocks(result, now=NOW, look=output.Look(full=full)))


def prettily(result: Result) -> str:
    """As on a terminal without colours."""
    return progress.text(output.blocks(result, now=NOW), stream=io.StringIO())


@pytest.mark.parametrize(
    ("report", "sentence"),
    [
        pytest.param(
            FETCHED,
            "72 entries (72 new) in /logos: asked for 2 in 4.2 s: "
            "1 found, 0 unchanged, 1 placeholder, 1 failed.",
            id="a first run",
        ),
        pytest.param(
            dataclasses.replace(FETCHED, asked=0, added=0, logos=(), missing=()),
            "72 entries in /logos: nothing was due.",
            id="nothing due",
        ),
        pytest.param(
            dataclasses.replace(FETCHED, offline=True, elsewhere=2, evicted=3),
            "asked for 2 offline in 4.2 s: 1 found, 0 unchanged, 1 placeholder, 1 failed, "
            "2 being fetched by another process, 3 evicted.",
            id="offline, others at work, over the limit",
        ),
        pytest.param(
            dataclasses.replace(
                FETCHED, errors=1, logos=(dataclasses.replace(MISSED, outcome=OutcomeKind.ERROR),)
            ),
            "1 entry ended in an error of logocache itself: acme",
            id="a mistake of ours",
        ),
        pytest.param(
            dataclasses.replace(FETCHED, missing=tuple(f"k{number}" for number in range(12))),
            "12 entries have no real logo: k0, k1, k2, k3, k4, k5, k6, k7, k8, k9, and 2 more",
            id="many missing",
        ),
        pytest.param(
            dataclasses.replace(
                FETCHED, logos=(dataclasses.replace(MISSED, kept=True, outcome=OutcomeKind.THROTTLED),)
            ),
            "acme  throttled  its earlier logo  in 3 days  no source has a logo",
            id="an earlier logo stays",
        ),
    ],
)
def test_fetches_are_told_in_sentences(report: FetchReport, sentence: str) -> None:
    assert sentence in plainly(report)


DOWN = [
    dataclasses.replace(
        MISSED,
        key=f"k{number}",
        outcome=OutcomeKind.NOT_ASKED if number else OutcomeKind.TRANSIENT,
        reason="site seems unreachable" if number else "could not connect (no route to host)",
        next_attempt_at=NOW + (number + 2) * timedelta(minutes=1),
    )
    for number in range(4)
]


def test_a_run_without_a_network_is_told_in_one_sentence() -> None:
    from_icons = dataclasses.replace(FOUND, provider="iconsets")
    report = dataclasses.replace(FETCHED, placeholders=4, logos=(from_icons, *DOWN))
    told = plainly(report).splitlines()
    assert told[0].endswith("1 found, 0 unchanged, 4 placeholders, 4 failed.")
    sentence = "The network could not be reached: 1 logo is from an icon set, 4 are placeholders; "
    assert told[1:] == [f"{sentence}they are tried again in 2 minutes."]
    kept = dataclasses.replace(report, failed=3, placeholders=1, found=0, logos=tuple(DOWN))
    assert "reached: 3 keep their earlier logos, 1 is a placeholder; they" in plainly(kept)


@pytest.mark.parametrize(
    "logos",
    [
        pytest.param((FOUND, *DOWN), id="the network gave one"),
        pytest.param((MISSED, *DOWN), id="a source had none"),
        pytest.param(tuple(DOWN[:2]), id="too few to tell"),
        pytest.param(tuple(DOWN[1:]), id="nobody knows why"),
    ],
)
def test_single_failures_say_nothing_about_the_network(logos: tuple[FetchedLogo, ...]) -> None:
    assert "network" not in plainly(dataclasses.replace(FETCHED, logos=logos))


def test_offline_is_no_failure_and_failures_are_never_good() -> None:
    offline = dataclasses.replace(FETCHED, offline=True, logos=(FOUND, DOWN[1]))
    assert "failed" not in plainly(offline)
    sentences = [block for block in output.blocks(FETCHED, now=NOW) if isinstance(block, Line)]
    assert {sentence.tone for sentence in sentences} == {output.Tone.WARNING}


def test_only_what_went_wrong_has_a_row() -> None:
    unchanged = dataclasses.replace(FOUND, key="same", outcome=OutcomeKind.UNCHANGED)
    told = plainly(dataclasses.replace(FETCHED, logos=(FOUND, unchanged, MISSED)))
    assert "acme" in told
    assert "shopify" not in told
    assert "same" not in told


def test_stats_are_a_report() -> None:
    told = plainly(STATS, full=True).splitlines()
    assert "Directory: /logos" in told
    assert "Database: postgresql://logos:***@db/logos" in told
    assert "Size: 1.2 MB of 500 MB (0.2 %)" in told
    assert "Files: 72, and 2 replaced (20 kB)" in told
    assert "Oldest logo: 3 days" in told
    assert "Newest logo: 5 minutes" in told
    assert "Hit ratio: 90.0 %" in told
    assert "Disk: 50 GB free of 100 GB" in told
    assert "  cached       60  1.1 MB" in told
    assert "  placeholder  12   80 kB" in told
    assert "  site  80" in told
    assert "  shopify  shopify_1f3a9c2e.png  12.3 kB" in told


def test_stats_are_first_of_all_what_matters() -> None:
    assert plainly(dataclasses.replace(STATS, errors=1)).splitlines() == [
        "Directory: /logos",
        "Entries: 72",
        "Real logos: 60",
        "Placeholders: 12",
        "Stale: 3",
        "Failing: 1 (1 by an error of logocache itself)",
        "Size: 1.2 MB of 500 MB (0.2 %)",
        "Hit ratio: 90.0 %",
        "Oldest logo: 3 days",
        "Disk: 50 GB free of 100 GB",
    ]


def test_stats_of_an_empty_cache_leave_out_what_is_not_there() -> None:
    empty = dataclasses.replace(
        STATS,
        enabled=False,
        by_status=(),
        by_provider=(),
        by_category=(),
        requests_this_month={},
        largest=(),
        hit_ratio=None,
        oldest_fetched_at=None,
    )
    told = plainly(empty, full=True)
    assert told.startswith("The cache is switched off (LOGO_CACHE_ENABLED is false).\n")
    assert "By " not in told
    assert "Largest" not in told
    assert "Hit ratio: none yet\n" in told
    assert "Oldest logo: never\n" in told


def test_a_complete_listing_says_how_many_and_an_empty_one_too() -> None:
    assert "2 entries match.\n" in prettily(dataclasses.replace(LISTING, matching=2))
    assert prettily(Listing(entries=(), matching=0)) == "0 entries match.\n"
    capped = dataclasses.replace(LISTING, matching=10_000, matching_capped=True)
    assert "More than 10000 entries match, 2 shown.\n" in prettily(capped)
    missing = dataclasses.replace(FETCHED, missing=("a", "b"), missing_capped=True)
    assert "More than 2 entries have no real logo" in prettily(missing)


def test_a_long_plan_is_cut_on_a_terminal_and_whole_in_a_pipe() -> None:
    logos = tuple(dataclasses.replace(CLEARED, key=f"key-{number}", provider=None) for number in range(25))
    orphans = tuple(OrphanFile(file=f"stray-{number}.png", size_bytes=1) for number in range(21))
    plan = ClearPlan(logos=logos, orphans=orphans, pinned_kept=0)
    shown = prettily(plan)
    assert "key-19" in shown
    assert "key-20" not in shown
    assert "and 5 more\n" in shown
    assert "and 1 more\n" in shown
    assert "key-24" in plainly(plan)
    assert "stray-20.png" in plainly(plan)


@pytest.mark.parametrize(
    ("plan", "title", "amount"),
    [
        pytest.param(
            ClearPlan(logos=(CLEARED,), orphans=(), pinned_kept=0), "Logos to clear:", "1 logo", id="logos"
        ),
        pytest.param(
            ClearPlan(logos=(), orphans=PLAN.orphans, pinned_kept=0),
            "Files that no entry names:",
            "1 orphan file",
            id="orphans",
        ),
    ],
)
def test_a_plan_of_one_kind_names_only_that(plan: ClearPlan, title: str, amount: str) -> None:
    assert [line for line in plainly(plan).splitlines() if line.endswith(":")] == [title]
    assert clear.question(plan).startswith(f"Clear {amount} and free ")


def test_a_plan_shows_age_and_size() -> None:
    assert "  shopify  cached  site  40 days  12.3 kB  shopify_1f3a9c2e.png\n" in plainly(PLAN)


def test_all_is_well_is_said() -> None:
    assert plainly(VERIFIED) == "72 entries and 72 files (1.2 MB) checked in 0.5 s: all is well.\n"


@pytest.mark.parametrize(
    ("percent", "bar"),
    [
        pytest.param(0, "." * 40, id="empty"),
        pytest.param(50, "#" * 20 + "." * 20, id="half"),
        pytest.param(100, "#" * 40, id="full"),
        pytest.param(250, "#" * 40, id="over the limit"),
    ],
)
def test_the_gauge_fills_and_never_overflows(percent: float, bar: str) -> None:
    assert progress.text((Gauge(percent=percent),), stream=io.StringIO()) == f"[{bar}]\n"


def test_cells_are_aligned_and_cleaned() -> None:
    grid = Grid(
        title="T",
        columns=(Column(title="A"), Column(title="B", number=True)),
        rows=(("x\x1b", "1"), ("longer", "200")),
    )
    assert output.plain_text((grid,)) == "T:\n  x\ufffd        1\n  longer  200\n"
    assert "\x1b" not in progress.text((grid, Line(text="\x1b[2J")), stream=io.StringIO())


def test_a_table_without_rows_has_no_lines() -> None:
    assert output.plain_text((Grid(title="", columns=(Column(title="A"),), rows=()),)) == ""

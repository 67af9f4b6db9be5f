"""Each command: what was typed becomes one call, and its answer the output and the exit code."""

import dataclasses
import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from harness.fake_cache import FakeCache
from harness.results import BROKEN, EMPTY_PLAN, FETCHED, ICON_SETS, LISTING, PLAN, STATS, VERIFIED
from logocache.cli.main import run
from logocache.cli.terminal import ExitCode
from logocache.documents import document_of
from logocache.model import SortKey, Status
from logocache.queries import ClearSelection, FailOn, ListQuery
from logocache.results import FindingKind, OrphanFile, Result, Severity

Captured = pytest.CaptureFixture[str]


@pytest.mark.parametrize(
    ("typed", "calls"),
    [
        pytest.param(["init"], [("init", ((), False))], id="init"),
        pytest.param(["init", "a", "b"], [("init", (("a", "b"), False))], id="init keys"),
        pytest.param(["init", "--force-refresh"], [("init", ((), True))], id="init --force-refresh"),
        pytest.param(["refresh"], [("refresh", ((), False, False, None))], id="refresh"),
        pytest.param(["refresh", "--force", "a"], [("refresh", (("a",), True, False, None))], id="--force"),
        pytest.param(
            ["refresh", "--failed", "--limit", "3"],
            [("refresh", ((), False, True, 3))],
            id="--failed --limit",
        ),
        pytest.param(["stats"], [("stats", None)], id="stats"),
        pytest.param(["list"], [("list", ListQuery())], id="list"),
        pytest.param(
            ["list", "a", "--sort", "size", "--reverse", "--limit", "2"],
            [("list", ListQuery(keys=("a",), sort=SortKey.SIZE, reverse=True, limit=2))],
            id="list with order",
        ),
        pytest.param(
            ["list", "--filter", "stale", "--filter", "status=cached"],
            [("list", ListQuery(stale=True, statuses=(Status.CACHED,)))],
            id="list with filters",
        ),
        pytest.param(
            ["clear", "a", "--dry-run"], [("plan_clear", ClearSelection(keys=("a",)))], id="dry run: no clear"
        ),
        pytest.param(
            ["clear", "--older-than", "30", "--provider", "site", "--status", "cached", "--orphans", "--yes"],
            [
                (
                    "plan_clear",
                    ClearSelection(
                        older_than=timedelta(days=30),
                        providers=("site",),
                        statuses=(Status.CACHED,),
                        orphans=True,
                    ),
                ),
                ("clear", PLAN),
            ],
            id="clear with conditions",
        ),
        pytest.param(
            ["clear", "--all", "-y"],
            [("plan_clear", ClearSelection(everything=True)), ("clear", PLAN)],
            id="clear all",
        ),
        pytest.param(
            ["clear", "--all", "--yes", "--dry-run"],
            [("plan_clear", ClearSelection(everything=True))],
            id="--dry-run wins over --yes",
        ),
        pytest.param(["verify"], [("verify", (False, False, FailOn()))], id="verify"),
        pytest.param(["verify", "--decode"], [("verify", (False, True, FailOn()))], id="verify --decode"),
        pytest.param(
            ["verify", "--repair", "--fail-on", "warning"],
            [("verify", (True, False, FailOn(severity=Severity.WARNING)))],
            id="verify with options",
        ),
        pytest.param(
            ["verify", "--fail-on", "orphan"],
            [("verify", (False, False, FailOn(severity=None, kinds=frozenset({FindingKind.ORPHAN}))))],
            id="verify by kind",
        ),
        pytest.param(["icons", "list"], [("icon_sets", None)], id="icons list"),
        pytest.param(["icons", "add", "./x.json"], [("add_icon_set", "./x.json")], id="icons add"),
        pytest.param(["icons", "remove", "logos"], [("remove_icon_set", "logos")], id="icons remove"),
    ],
)
def test_what_is_typed_becomes_one_call(typed: Sequence[str], calls: object) -> None:
    cache = FakeCache()
    assert run(typed, opener=cache.open) == ExitCode.FINE
    assert cache.calls == calls
    assert cache.closed


@pytest.mark.parametrize(
    ("typed", "result"),
    [
        pytest.param(["init"], FETCHED, id="init"),
        pytest.param(["refresh"], FETCHED, id="refresh"),
        pytest.param(["stats"], STATS, id="stats"),
        pytest.param(["list"], LISTING, id="list"),
        pytest.param(["list", "-q"], LISTING, id="list -q, which JSON overrules"),
        pytest.param(["verify"], VERIFIED, id="verify"),
        pytest.param(["icons", "list"], ICON_SETS, id="icons list"),
        pytest.param(["icons", "add", "devicon"], ICON_SETS, id="icons add"),
        pytest.param(["icons", "remove", "devicon"], ICON_SETS, id="icons remove"),
    ],
)
def test_json_is_the_result_and_nothing_else(typed: Sequence[str], result: Result, capsys: Captured) -> None:
    assert run([*typed, "--json"], opener=FakeCache().open) == ExitCode.FINE
    assert json.loads(capsys.readouterr().out) == document_of(result)


@pytest.mark.parametrize(
    ("option", "dry_run"),
    [pytest.param("--dry-run", True, id="dry run"), pytest.param("--yes", False, id="acted")],
)
def test_json_of_clear_tells_what_goes_or_went(option: str, dry_run: bool, capsys: Captured) -> None:  # noqa: FBT001  # a table's column
    assert run(["clear", "--all", option, "--json"], opener=FakeCache().open) == ExitCode.FINE
    document = json.loads(capsys.readouterr().out)
    assert document["dry_run"] is dry_run
    assert [logo["key"] for logo in document["logos"]] == ["shopify"]
    assert document["freed_bytes"] == PLAN.freed_bytes


@pytest.mark.parametrize(
    ("typed", "cache", "code"),
    [
        pytest.param(["init"], FakeCache(), 0, id="a missing logo is fine"),
        pytest.param(["init", "--strict"], FakeCache(), 1, id="unless strict"),
        pytest.param(["refresh", "--strict"], FakeCache(), 1, id="refresh, too"),
        pytest.param(
            ["init", "--strict"],
            FakeCache(fetched=dataclasses.replace(FETCHED, missing=())),
            0,
            id="strict and nothing is missing",
        ),
        pytest.param(
            ["init", "--strict"],
            FakeCache(fetched=dataclasses.replace(FETCHED, enabled=False)),
            0,
            id="strict and switched off",
        ),
        pytest.param(["verify"], FakeCache(verified=BROKEN), 1, id="verify found something"),
        pytest.param(["verify", "--json"], FakeCache(verified=BROKEN), 1, id="the same as JSON"),
    ],
)
def test_the_exit_code_tells_how_it_went(typed: Sequence[str], cache: FakeCache, code: int) -> None:
    assert run(typed, opener=cache.open) == code


def test_a_cache_that_is_switched_off_says_so(capsys: Captured) -> None:
    report = dataclasses.replace(FETCHED, enabled=False, logos=(), missing=())
    assert run(["init"], opener=FakeCache(fetched=report, steps=0).open) == ExitCode.FINE
    assert "switched off (LOGO_CACHE_ENABLED is false)" in capsys.readouterr().out


@pytest.mark.parametrize("options", [[], ["--json"]], ids=["text", "json"])
def test_clear_without_a_terminal_refuses_before_it_looks(options: Sequence[str], capsys: Captured) -> None:
    cache = FakeCache()
    assert run(["clear", "--all", *options], opener=cache.open) == ExitCode.USAGE
    shown = capsys.readouterr()
    assert cache.settings is None
    assert cache.calls == []
    assert shown.out == ""
    assert shown.err.startswith("logocache: error: clear asks before it acts")
    assert "--yes" in shown.err
    assert shown.err.count("\n") == 1


def test_clear_shows_what_goes_and_how_much_it_frees(capsys: Captured) -> None:
    run(["clear", "--all", "--dry-run"], opener=FakeCache().open)
    shown = capsys.readouterr().out
    assert "shopify_1f3a9c2e.png" in shown
    assert "stray.png" in shown
    assert "Would clear 1 logo and 1 orphan file and free 13 kB; nothing was changed." in shown
    assert "1 pinned entry stays" in shown


def test_an_empty_plan_says_so(capsys: Captured) -> None:
    assert run(["clear", "--all", "--yes"], opener=FakeCache(plan=EMPTY_PLAN).open) == ExitCode.FINE
    assert capsys.readouterr().out == "Nothing matches.\nCleared nothing and freed 0 B.\n"


@pytest.mark.parametrize("typed", [["stats", "--full"], ["stats", "-v"]], ids=" ".join)
def test_stats_are_a_screen_or_every_figure(typed: Sequence[str], capsys: Captured) -> None:
    run(["stats"], opener=FakeCache().open)
    assert capsys.readouterr().out.count("\n") <= 15
    run(typed, opener=FakeCache().open)
    assert "Largest files:" in capsys.readouterr().out


def test_verify_that_has_repaired_gives_no_advice(capsys: Captured) -> None:
    run(["verify", "--repair"], opener=FakeCache(verified=BROKEN, steps=0).open)
    run(["verify", "--quiet"], opener=FakeCache(verified=BROKEN, steps=0).open)
    assert capsys.readouterr().err == ""


def test_verify_names_each_finding_and_what_mends_it(capsys: Captured) -> None:
    run(["verify"], opener=FakeCache(verified=BROKEN, steps=0).open)
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [
        (
            "shopify_1f3a9c2e.png: error: wrong_digest: its bytes are not those that were stored "
            "[repaired: fetched again]"
        ),
        "acme: error: missing_file: it is gone",
        "stray.png: error: orphan: no entry",
        "cache: warning: low_disk: 90 MB are free",
        "72 entries and 72 files (1.2 MB) checked in 0.5 s: 3 errors, 1 warning, 1 repaired.",
    ]
    assert shown.err == "logocache: `logocache verify --repair` repairs what can be repaired\n"


@pytest.mark.parametrize("options", [[], ["--repair"], ["--fail-on", "never"]], ids=" ".join)
def test_verify_that_could_not_look_at_a_file_could_not_run(options: Sequence[str], capsys: Captured) -> None:
    finding = dataclasses.replace(BROKEN.findings[1], kind=FindingKind.NOT_CHECKED, detail="a read error")
    report = dataclasses.replace(BROKEN, findings=(finding,))
    cache = FakeCache(verified=report, steps=0)
    assert run(["verify", *options], opener=cache.open) == ExitCode.COULD_NOT_RUN
    shown = capsys.readouterr()
    assert "acme: error: not_checked: a read error" in shown.out
    assert shown.err.startswith("logocache: what could not be looked at is left alone")


def test_clear_names_what_stays_and_what_it_overtakes(capsys: Captured) -> None:
    strangers = (OrphanFile(file="notes.txt", size_bytes=1), OrphanFile(file="pic\x1b.png", size_bytes=1))
    plan = dataclasses.replace(EMPTY_PLAN, strangers=strangers, fetching=("acme",))
    assert run(["clear", "acme", "--orphans", "--dry-run"], opener=FakeCache(plan=plan).open) == ExitCode.FINE
    shown = capsys.readouterr().out
    assert "What is being fetched now would not be stored: acme" in shown
    assert "2 files are not ours and stay" in shown
    assert "notes.txt, pic\ufffd.png" in shown


@pytest.mark.parametrize(
    "typed",
    [
        *(["init"], ["refresh", "shopify"], ["stats"], ["verify"], ["clear", "--all", "--yes"]),
        *(
            ["clear", "--all", "--dry-run"],
            ["icons", "list"],
            ["icons", "add", "x"],
            ["icons", "remove", "x"],
        ),
    ],
    ids=" ".join,
)
def test_quiet_writes_nothing_of_a_success_wherever_it_stands(typed: Sequence[str], capsys: Captured) -> None:
    for quiet in ([*typed, "-q"], ["-q", *typed], [*typed, "--quiet"]):
        assert run(quiet, opener=FakeCache().open) == ExitCode.FINE
        assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("typed", [["init", "--strict"], ["refresh", "--strict"]], ids=" ".join)
def test_quiet_still_shows_what_is_no_success(typed: Sequence[str], capsys: Captured) -> None:
    assert run([*typed, "-q"], opener=FakeCache().open) == ExitCode.PROBLEMS
    assert "72 entries" in capsys.readouterr().out
    run(["verify", "-q"], opener=FakeCache(verified=BROKEN, steps=0).open)
    assert "wrong_digest" in capsys.readouterr().out


def test_the_real_cache_is_behind_it_when_no_other_is_given(tmp_path: Path, capsys: Captured) -> None:
    missing = tmp_path / "nowhere"
    assert run(["stats", "--cache-dir", str(missing)]) == ExitCode.COULD_NOT_RUN
    assert f"{missing}" in capsys.readouterr().err
    assert not missing.exists()


def test_options_become_settings(tmp_path: Path) -> None:
    config = tmp_path / "logocache.toml"
    config.write_text("max_size_mb = 7\n", encoding="utf-8")
    cache = FakeCache()
    options = ["--cache-dir", str(tmp_path), "--database-url", "sqlite:///x.db", "--config", str(config)]
    assert run(["init", "--offline", *options], opener=cache.open) == ExitCode.FINE
    assert cache.settings is not None
    assert cache.settings.dir == tmp_path
    assert cache.settings.resolved_database_url == "sqlite:///x.db"
    assert cache.settings.max_size_bytes == 7_000_000
    assert cache.settings.offline


def test_the_environment_decides_what_no_option_does(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGO_CACHE_OFFLINE", "true")
    cache = FakeCache()
    run(["init"], opener=cache.open)
    assert cache.settings is not None
    assert cache.settings.offline

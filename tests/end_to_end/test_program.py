"""The program as its users start it: in a process of its own, without network, on both databases."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from harness.internet import Loopback, Page
from harness.pictures import picture

pytestmark = [pytest.mark.database, pytest.mark.end_to_end]

NAMED = (
    "shopify",
    "amazon",
    "woocommerce",
    "bigcommerce",
    "magento",
    "stripe",
    "paypal",
    "square",
    "authorize-net",
    "facebook",
    "instagram",
    "twitter",
    "linkedin",
    "tiktok",
    "youtube",
    "pinterest",
    "snapchat",
    "mailchimp",
    "hubspot",
    "klaviyo",
    "segment",
    "mixpanel",
    "amplitude",
    "slack",
    "discord",
    "zoom",
    "twilio",
    "sendgrid",
    "mailgun",
    "postmark",
    "salesforce",
    "zendesk",
    "intercom",
    "google",
    "microsoft",
    "apple",
)
"""The integrations that must be built in."""

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def run(tmp_path: Path, database_url: str) -> Run:
    """Runs `logocache` with a directory and a database of its own, and no network."""

    def logocache(
        *arguments: str, environment: Mapping[str, str] | None = None, expect: int = 0
    ) -> subprocess.CompletedProcess[str]:
        result = subprocess.run(
            [sys.executable, "-m", "logocache", *arguments],
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
            stdin=subprocess.DEVNULL,
            env={
                **os.environ,
                "LOGO_CACHE_DIR": str(tmp_path / "logos"),
                "LOGO_CACHE_DATABASE_URL": database_url,
                "LOGO_CACHE_OFFLINE": "true",
                **(environment or {}),
            },
        )
        assert result.returncode == expect, (result.stdout, result.stderr)
        assert "Traceback" not in result.stdout + result.stderr
        return result

    return logocache


def as_json(result: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """`Any`: the schema of each document has tests of its own."""
    document: dict[str, Any] = json.loads(result.stdout)
    return document


def test_the_first_init_without_network_gives_real_logos(run: Run, tmp_path: Path) -> None:
    report = as_json(run("init", "--json"))
    assert set(report["missing"]) & set(NAMED) <= {
        "authorize-net", "klaviyo", "segment", "amplitude", "twilio", "sendgrid", "postmark",
    }  # fmt: skip
    assert report["asked"] == report["known"] == report["found"] + report["placeholders"]
    entries = {entry["key"]: entry for entry in as_json(run("list", "--json"))["entries"]}
    real = [key for key in NAMED if entries[key]["status"] == "cached"]
    assert len(real) >= 29
    assert all(entries[key]["status"] == "placeholder" for key in set(NAMED) - set(real))
    files = sorted(path.name for path in (tmp_path / "logos").glob("*.png"))
    assert files == sorted(entry["file"] for entry in entries.values())
    again = as_json(run("init", "--json"))
    assert (again["asked"], again["added"]) == (0, 0)
    assert as_json(run("verify", "--json"))["ok"] is True


def test_verify_names_what_is_wrong_and_repair_mends_it(run: Run, tmp_path: Path) -> None:
    run("init", "shopify", "stripe", "klaviyo")
    logos = tmp_path / "logos"
    flipped, deleted = (next(logos.glob(f"{key}_*.png")) for key in ("shopify", "stripe"))
    content = bytearray(flipped.read_bytes())
    content[len(content) // 2] ^= 1
    flipped.write_bytes(content)
    deleted.unlink()
    stray = logos / "stray.png"
    stray.write_bytes(b"not ours")

    broken = run("verify", expect=1)
    assert all(name in broken.stdout for name in (flipped.name, deleted.name, stray.name))
    kinds = {each["file"]: each["kind"] for each in as_json(run("verify", "--json", expect=1))["findings"]}
    assert kinds == {flipped.name: "wrong_digest", deleted.name: "missing_file", stray.name: "orphan"}
    assert stray.exists(), "verify alone changes nothing"

    mended = as_json(run("verify", "--repair", "--json"))
    assert mended["repaired"] == 3
    assert not stray.exists()
    (kept,) = logos.glob(".logocache/quarantine/*/stray.png")
    assert kept.read_bytes() == b"not ours", "never lost"
    assert as_json(run("verify", "--json"))["findings"] == []


def test_eight_inits_at_once_fetch_each_logo_once(run: Run, tmp_path: Path) -> None:
    keys = [f"site{number}" for number in range(24)]
    catalog = tmp_path / "catalog.csv"
    catalog.write_text("key,name,domain\n" + "".join(f"{key},{key},{key}.test\n" for key in keys))
    # Of different sizes: a picture that many unrelated companies share is no logo.
    icons = {key: Page(body=picture(180 + number)) for number, key in enumerate(keys)}
    sites = {f"{key}.test": {"/apple-touch-icon.png": icon} for key, icon in icons.items()}
    with Loopback(tmp_path, sites) as internet:
        environment = {
            **internet.environment,
            "LOGO_CACHE_CATALOG": str(catalog),
            "LOGO_CACHE_PROVIDERS": "site",
            "LOGO_CACHE_OFFLINE": "false",
            "LOGO_CACHE_CONCURRENCY": "2",
        }
        with ThreadPoolExecutor(8) as pool:
            runs = [pool.submit(run, "init", *keys, "--json", environment=environment) for _ in range(8)]
        reports = [as_json(item.result()) for item in runs]
        asked = [url for url in internet.urls() if url.endswith("/apple-touch-icon.png")]
    assert sorted(asked) == sorted(f"{key}.test/apple-touch-icon.png" for key in keys)
    assert sum(report["found"] for report in reports) == len(keys)
    assert len(list((tmp_path / "logos").glob("site*.png"))) == len(keys)
    assert as_json(run("verify", "--json"))["ok"] is True


def test_clear_in_a_pipe_wants_yes_and_dry_run_changes_nothing(run: Run, tmp_path: Path) -> None:
    run("init", "shopify", "stripe")
    before = sorted(path.name for path in (tmp_path / "logos").glob("*.png"))
    refused = run("clear", "--older-than", "0", expect=2)
    assert "--yes" in refused.stderr
    plan = as_json(run("clear", "--older-than", "0", "--dry-run", "--json"))
    assert (plan["dry_run"], {each["key"] for each in plan["logos"]}) == (True, {"shopify", "stripe"})
    assert sorted(path.name for path in (tmp_path / "logos").glob("*.png")) == before
    assert as_json(run("clear", "--older-than", "30", "--yes", "--json"))["logos"] == []
    report = as_json(run("clear", "--older-than", "0", "--yes", "--json"))
    assert (report["dry_run"], len(report["logos"]), report["freed_bytes"] > 0) == (False, 2, True)
    assert list((tmp_path / "logos").glob("*.png")) == []
    assert as_json(run("verify", "--json"))["ok"] is True


@pytest.mark.parametrize("command", ["stats", "list", "verify", "refresh", "clear --all --yes"])
def test_before_init_the_next_step_is_named(run: Run, command: str) -> None:
    result = run(*command.split(), expect=3)
    assert "logocache init" in result.stderr


def test_a_cache_that_is_switched_off_says_so_and_does_nothing(run: Run, tmp_path: Path) -> None:
    result = run("init", environment={"LOGO_CACHE_ENABLED": "false"})
    assert "LOGO_CACHE_ENABLED" in result.stdout
    assert not (tmp_path / "logos").exists()


def test_strict_fails_when_a_logo_is_missing(run: Run) -> None:
    run("init", "shopify", "--strict")
    missing = run("init", "shopify", "klaviyo", "--strict", expect=1)
    assert "klaviyo" in missing.stdout + missing.stderr

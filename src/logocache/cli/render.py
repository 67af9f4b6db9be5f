"""From a result to what is written: JSON, a view for a terminal, or plain lines for a pipe."""

import json
import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import assert_never

from logocache.cli import plain, terminal
from logocache.cli.views import clearing, fetching, listing, stats, verifying
from logocache.cli.views.blocks import Blocks
from logocache.documents import document_of
from logocache.results import (
    CacheStats,
    ClearPlan,
    ClearReport,
    FetchReport,
    Listing,
    Result,
    VerifyReport,
)


def show(result: Result, *, as_json: bool) -> None:
    """Write a result to standard output."""
    if as_json:
        terminal.out(json.dumps(document_of(result), indent=2) + "\n")
    elif terminal.out_is_terminal():
        from logocache.cli import pretty

        terminal.out(pretty.text(blocks(result, now=datetime.now(UTC)), stream=sys.stdout))
    elif isinstance(result, Listing):
        _out_lines(listing.lines(result))
    else:
        terminal.out(plain.text(blocks(result, now=datetime.now(UTC))))


def show_keys(result: Listing) -> None:
    """Write nothing but the keys, a line each."""
    _out_lines(listing.keys(result))


def show_aside(plan: ClearPlan) -> None:
    """Show a plan to the person who is about to be asked, while standard output waits for JSON."""
    from logocache.cli import pretty

    terminal.talk(pretty.text(blocks(plan, now=datetime.now(UTC)), stream=sys.stderr))


def blocks(result: Result, *, now: datetime) -> Blocks:
    """The view of a result."""
    match result:
        case FetchReport():
            return fetching.view(result, now=now)
        case CacheStats():
            return stats.view(result, now=now)
        case Listing():
            return listing.view(result, now=now)
        case ClearPlan():
            return clearing.view(result, now=now)
        case ClearReport():
            return clearing.summary(result)
        case VerifyReport():
            return verifying.view(result)
        case _:
            assert_never(result)


def _out_lines(lines: Iterable[str]) -> None:
    terminal.out("".join(f"{line}\n" for line in lines))

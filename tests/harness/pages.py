"""Read tables and code blocks from the pages of the documentation."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def text_of(page: str) -> str:
    return (DOCS / page).read_text(encoding="utf-8")


def all_pages() -> list[Path]:
    """Every page of the site, and the pages at the root of the repository."""
    return [*sorted(ROOT.glob("*.md")), *sorted(DOCS.rglob("*.md"))]


def section_of(page: str, heading: str) -> str:
    """The text below a heading, up to the next one of its level or above."""
    level = len(heading) - len(heading.lstrip("#"))
    found = re.search(
        rf"^{re.escape(heading)}\n(.*?)(?=^#{{1,{level}}} |\Z)", text_of(page), re.DOTALL | re.MULTILINE
    )
    assert found is not None, f"{page} has no section {heading}"
    return found[1]


def rows_of(text: str) -> list[list[str]]:
    r"""The cells of all table rows, without the separator lines; `\|` does not separate cells."""
    rows = [line for line in text.splitlines() if line.startswith("|") and not re.fullmatch(r"[|\- ]+", line)]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows]


def blocks_of(text: str, language: str) -> list[str]:
    """The contents of all fenced blocks in this language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)

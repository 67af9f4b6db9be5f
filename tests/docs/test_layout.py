"""docs/contributing.md: a test file is named after a module, and can be read in one go."""

from pathlib import Path

from harness.pages import ROOT

PACKAGE = ROOT / "src" / "logocache"
TESTS = ROOT / "tests"
MOST_LINES = 300


def names_of(folder: Path) -> set[str]:
    """The names that test files in this folder may begin with: of modules, of packages, and its own."""
    modules = {path.stem for path in (PACKAGE / folder.name).iterdir()}
    return modules | {folder.name}


def is_named_after_a_module(file: Path) -> bool:
    """`test_MODULE.py` or `test_MODULE_SUBJECT.py`."""
    subject = f"{file.stem.removeprefix('test_')}_"
    return any(subject.startswith(f"{name}_") for name in names_of(file.parent))


def test_a_test_file_is_named_after_its_module() -> None:
    folders = [folder for folder in TESTS.iterdir() if (PACKAGE / folder.name / "__init__.py").exists()]
    assert len(folders) > 5
    files = [file for folder in folders for file in folder.glob("test_*.py")]
    strangers = [str(file.relative_to(TESTS)) for file in files if not is_named_after_a_module(file)]
    assert strangers == []


def test_no_file_is_longer_than_can_be_read_in_one_go() -> None:
    lines = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in TESTS.rglob("*.py")}
    assert {str(file.relative_to(TESTS)): count for file, count in lines.items() if count > MOST_LINES} == {}

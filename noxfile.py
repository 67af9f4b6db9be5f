"""Everything that CI checks, each as a session. `nox` runs them all; `nox -s tests` just one."""

import os
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import nox

nox.needs_version = ">=2025.2"
nox.options.reuse_venv = "yes"
nox.options.error_on_missing_interpreters = True
nox.options.default_venv_backend = "virtualenv"
nox.options.sessions = [
    "lock",
    "lint",
    "types",
    "imports",
    "core",
    "tests",
    "e2e",
    "contract",
    "docs",
    "audit",
    "coverage",
]

COVERAGE_DIR = Path(".coverage")
WHEELS = Path(".nox/wheels")
"""Packages as they were downloaded, for every session's environment."""
UV = ".ci/uv.txt"
"""The version of uv in the lock, with its hashes: what reads the lock cannot come from it."""
EXPORTED = {
    UV: ["--only-group", "lock"],
    "docker/build.txt": ["--only-group", "build"],
    "docker/requirements.txt": ["--extra", "all"],
}
"""Parts of the lock that are used where uv is not, and what they hold."""
UNDECLARED = ("httpcore>=1.0.0",)
"""Imported, and bounded by httpx."""
COMPARED = "not test_the_migrations_make_the_tables_that_the_program_knows"
LOWEST_TESTS = (
    *("tests/settings/test_sources.py", "tests/catalog", "tests/test_domains.py", "tests/providers"),
    *("tests/cli/test_options.py", "tests/cli/test_views.py", "tests/fetcher/test_client.py"),
    *("tests/images/test_normalise.py", "tests/images/test_svg.py", "tests/repository/test_schema.py"),
    *("tests/repository/test_repository.py", "tests/server/test_app_openapi.py"),
    *("tests/server/test_metrics.py", "tests/server/test_memory.py", "tests/server/test_gallery_html.py"),
)


def export(session: nox.Session, options: Sequence[str]) -> str:
    """Those packages of the lock with their hashes, as pip reads them."""
    plain = ("--quiet", "--no-header", "--no-annotate", "--no-emit-project", "--no-default-groups")
    return str(session.run("uv", "export", "--frozen", *plain, *options, silent=True, log=False))


def install(session: nox.Session, *groups: str, project: bool = True, extra: str = "all") -> None:
    """Dependency groups as uv.lock pins them, and the project as its users get it: built, not linked.

    That it works with the newest versions too, and with no lock, is tested elsewhere: by the job
    `tests` of .github/workflows/ci.yml.
    """
    session.install("--require-hashes", "--requirement", UV)
    chosen = ["--group", "build", *(["--extra", extra] if extra else [])] if project else []
    for group in groups:
        chosen += ["--group" if project else "--only-group", group]
    pinned = Path(session.virtualenv.location) / "requirements.txt"
    pinned.write_text(export(session, chosen))
    unpack(session, str(pinned))
    if project:
        session.install("--no-deps", "--no-build-isolation", ".")


def unpack(session: nox.Session, pinned: str) -> None:
    """Install these packages: pip, which knows its user's package index, downloads each once; uv unpacks."""
    exact = ("--no-deps", "--require-hashes", "--find-links", str(WHEELS), "--requirement", pinned)
    unpacking = ("uv", "pip", "install", "--quiet", "--no-index", *exact)
    if session.run(*unpacking, silent=True, log=False, success_codes=range(256)):  # says what is missing
        session.run("python", "-m", "pip", "download", "--quiet", "--dest", str(WHEELS), *exact, silent=True)
        session.run(*unpacking)


@nox.session
def lock(session: nox.Session) -> None:
    """uv.lock holds what pyproject.toml asks for, and its exports what it holds. `-- --write` makes it so."""
    session.install("--require-hashes", "--requirement", UV)
    writes = "--write" in session.posargs
    if writes:
        session.run("uv", "lock", *(each for each in session.posargs if each != "--write"))
    session.run("uv", "lock", "--check", "--offline")
    for name, options in EXPORTED.items():
        text = export(session, options)
        if writes:
            Path(name).write_text(text)
        elif Path(name).read_text() != text:
            session.error(f"{name} is not what uv.lock says: `nox -s lock -- --write` renews it")


@nox.session
def audit(session: nox.Session) -> None:
    """No locked package has a known vulnerability, by pip-audit. Skipped where nobody can be asked."""
    install(session, "audit", project=False)
    pinned = Path(session.virtualenv.location) / "all.txt"
    pinned.write_text(export(session, ["--all-groups", "--all-extras"]))
    said = str(session.run("python", "tools/audit.py", str(pinned), success_codes=[0, 77], silent=True))
    if said.startswith("skipped: "):
        session.skip(said.removeprefix("skipped: ").strip())
    session.log(said.strip())


@nox.session
def lint(session: nox.Session) -> None:
    """Style and formatting, by ruff."""
    install(session, "lint", project=False)
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")


@nox.session
def types(session: nox.Session) -> None:
    """Types, by mypy --strict."""
    install(session, "types")
    session.run("mypy")


@nox.session
def imports(session: nox.Session) -> None:
    """Imports only go down, and engines stay in their box: by import-linter."""
    install(session, "imports")
    session.run("lint-imports", env={"PYTHONPATH": "src"})


@nox.session
@nox.parametrize("database", ["sqlite", "postgresql"])
def tests(session: nox.Session, database: str) -> None:
    """Fast tests; those that use a database on the one named, the rest once."""
    measure(session, database, database, "not docs and not end_to_end")


@nox.session
@nox.parametrize("database", ["sqlite", "postgresql"])
def e2e(session: nox.Session, database: str) -> None:
    """Tests with processes, browsers and servers of their own, and many examples of each property."""
    marks = "not docs and not benchmark and (end_to_end or hypothesis)"
    # They wait for processes more than they compute.
    waiting = f"--numprocesses={2 * (os.cpu_count() or 1)}"
    measure(session, f"e2e-{database}", database, marks, "--hypothesis-profile=many", waiting)


def measure(session: nox.Session, name: str, database: str, marks: str, *options: str) -> None:
    """Run the tests so marked, and keep what they covered under that name."""
    install(session, "test")
    COVERAGE_DIR.mkdir(exist_ok=True)
    for earlier in COVERAGE_DIR.glob(f"{name}.*"):
        earlier.unlink()
    # What needs no database need not run again on the second one.
    chosen = marks if database == "sqlite" else f"database and {marks}"
    data = {"COVERAGE_FILE": str((COVERAGE_DIR / name).absolute())}
    command = ["coverage", "run", "-m", "pytest", "-n", "auto", f"--database={database}", *options]
    session.run(*command, "-m", chosen, *session.posargs, env=data)


QUICK = ("tests/scenarios", "tests/operations", "tests/policy", "tests/providers", "tests/store")


@nox.session
def quick(session: nox.Session) -> None:
    """For a first look: style, and the fast tests of what the cache does, on SQLite."""
    install(session, "lint", "test")
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    marks = "not docs and not end_to_end"
    session.run("pytest", "-n", "auto", "--database=sqlite", "-m", marks, *(session.posargs or QUICK))


@nox.session
def contract(session: nox.Session) -> None:
    """A live server against its own OpenAPI document, by schemathesis."""
    install(session, "contract")
    session.run("python", "tests/contract/check_api.py", env={"PYTHONPATH": "tests"})


@nox.session
def core(session: nox.Session) -> None:
    """Without any extra all works but the server and PostgreSQL, and these say what to install."""
    install(session, extra="")
    session.run("python", "tests/check_core.py")


@nox.session
def lowest(session: nox.Session) -> None:
    """The lower bounds in pyproject.toml are true: a file or two for each library pass with them."""
    project = nox.project.load_toml("pyproject.toml")["project"]
    extras = project["optional-dependencies"]
    bounded = [*project["dependencies"], *extras["server"], *extras["postgresql"], *UNDECLARED]
    oldest = Path(session.create_tmp()) / "oldest.txt"
    oldest.write_text("".join(re.sub(r"(\[.*\])?>=([^,;]+)[^;]*", r"==\2", line) + "\n" for line in bounded))
    # Not by uv: pip knows the package index of whoever runs this.
    session.install("--constraint", str(oldest), "--group", "test", ".[all]")
    # Only Alembic 1.18 compares a generated column without a warning; the program compares nothing.
    session.run("pytest", "-n", "auto", "--database=sqlite", "-k", COMPARED, *LOWEST_TESTS, *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """The documentation says what the program does, and builds without a warning."""
    install(session, "test", "site")
    # A page's commands run once, however many tests look at what came of them.
    session.run("pytest", "-n", "auto", "--dist", "loadfile", "-m", "docs", *session.posargs)


@nox.session
def coverage(session: nox.Session) -> None:
    """Branch coverage of all test runs together; fails under the bound in pyproject.toml."""
    install(session, "test", project=False)
    data = {"COVERAGE_FILE": str((COVERAGE_DIR / "combined").absolute())}
    measured = [str(each) for each in COVERAGE_DIR.glob("*.*")]
    session.run("coverage", "combine", "--keep", "--quiet", *measured, env=data, log=False)
    session.run("coverage", "report", env=data)


@nox.session
def site(session: nox.Session) -> None:
    """The documentation as a site, in site/."""
    install(session, "site", project=False)
    session.run("mkdocs", "build", "--strict", env={"NO_MKDOCS_2_WARNING": "true"})


@nox.session
def bench(session: nox.Session) -> None:
    """What it costs, side by side with named peers. Figures are for reading: nothing fails by them."""
    install(session, "test")
    # A peer that must not change what logocache is measured with; without it its row is missing.
    peers = Path(session.virtualenv.location).absolute() / "huggingface"
    if not (peers / "bin" / "hf").exists():
        session.run("python", "-m", "venv", str(peers))
        pip = (str(peers / "bin" / "pip"), "install", "--quiet", "huggingface_hub>=1,<2")
        session.run(*pip, external=True, success_codes=range(256))
    data = {"PYTHONPATH": "tests", "LOGOCACHE_BENCH_HF": str(peers / "bin" / "hf")}
    session.run("python", "tests/benchmarks/side_by_side.py", *session.posargs, env=data)


@nox.session
def benchcheck(session: nox.Session) -> None:
    """Every benchmark in its smallest form: none has gone stale."""
    install(session, "test")
    session.run("pytest", "tests/end_to_end/test_benchmarks.py", "-m", "benchmark", *session.posargs)


@nox.session
def measures(session: nox.Session) -> None:
    """Count modules, lines and layers, and the files that a logo or a request leads through."""
    install(session, "test")
    session.run("python", "tools/measures.py", *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session(name="pictures-check")
def pictures_check(session: nox.Session) -> None:
    """Compare every mark of the icon sets with what Chromium draws; skipped without npm or Chromium.

    `-- --every 10` looks at every tenth.
    """
    if shutil.which("npm") is None:
        session.skip("npm is not installed")
    if not (shutil.which("chromium") or shutil.which("google-chrome")) or not shutil.which("chromedriver"):
        session.skip("Chromium and its chromedriver are not installed")
    install(session, "test")
    folder = session.create_tmp()
    packages = ("@iconify-json/logos", "devicon", "@lobehub/icons-static-svg")
    said = session.run(
        *("npm", "install", "--prefix", folder, "--no-save", "--no-audit", "--no-fund", *packages),
        external=True,
        silent=True,
        success_codes=(0, 1),
    )
    if not (Path(folder) / "node_modules" / packages[0]).exists():
        session.skip(f"npm has no packages: {str(said).strip()[-200:]}")
    modules = f"{folder}/node_modules"
    session.run("python", "tools/pictures_check.py", modules, *session.posargs, env={"PYTHONPATH": "tests"})


@nox.session
def pictures(session: nox.Session) -> None:
    """Draw the README's picture anew, from what a first init without network stores."""
    session.install(".[server]", "pyte>=0.8.2,<0.9", "selenium>=4.40,<5")
    folder = Path(session.create_tmp())
    logos = str(folder / "logos")
    session.run("logocache", "--cache-dir", logos, "init", "--offline", "--force-refresh")
    session.run("python", "docs/pictures/contact_sheet.py", logos, "docs/pictures/contact-sheet.png")
    session.run("python", "docs/pictures/variants.py", logos, "docs/pictures/variants.png")
    gallery = ("docs/pictures/gallery.png", "docs/pictures/gallery-dark.png")
    session.run("python", "docs/pictures/gallery.py", logos, *gallery)
    with tempfile.TemporaryDirectory() as short:  # a longer name would be broken at the end of a line
        session.run("python", "docs/pictures/cli.py", f"{short}/logos", "docs/pictures/cli.svg")

"""Our own failures: whose they are, how they are named, and how often they are told."""

import errno
import logging
import threading
from collections.abc import Callable

import pytest

from logocache.errors import DatabaseError, DirectoryError, DomainError, UnavailableError
from logocache.model import OutcomeKind
from logocache.operations.context import Faults, SteadyProgress, description
from logocache.providers.icons import Icon, Role


def broken(message: str = "what a source sent") -> None:
    raise ValueError(message)


def also_broken() -> None:
    raise ValueError("elsewhere")


def caught(fail: Callable[[], object]) -> Exception:
    try:
        fail()
    except Exception as error:  # noqa: BLE001  # whatever it is
        return error
    raise AssertionError("unreachable: it fails")


@pytest.fixture
def faults() -> Faults:
    return Faults(threading.Event())


@pytest.mark.parametrize(
    "error",
    [ValueError("odd"), KeyError("odd"), RecursionError(), DomainError("odd", hint="none"), OSError(5, "x")],
)
def test_whatever_an_entry_meets_is_its_outcome(faults: Faults, error: Exception) -> None:
    result = faults.result_of(error, key="shopify", provider="site")
    assert (result.kind, result.provider) == (OutcomeKind.ERROR, "site")


@pytest.mark.parametrize(
    "error",
    [
        UnavailableError("no decoder", hint="none"),
        DirectoryError("full", hint="none"),
        DatabaseError("away", hint="none"),
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        RuntimeError("can't start new thread"),
        ImportError("libheavy.so: cannot allocate memory"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_surroundings_do_is_no_outcome(
    faults: Faults, error: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(UnavailableError):
        faults.result_of(error, key="shopify")
    assert not caplog.records


def test_what_fails_because_the_program_ends_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    ending = threading.Event()
    ending.set()
    result = Faults(ending).result_of(RuntimeError("the pool is closed"), key="shopify", provider="site")
    assert (result.kind, result.provider) == (OutcomeKind.NOT_ASKED, "site")
    assert not caplog.records


def test_a_fault_is_named_by_its_kind_and_its_place_in_our_code() -> None:
    """Never by its message, which may hold what a source sent."""
    icon = Icon(url=None, role=Role.LINK)  # type: ignore[arg-type]  # so that something of ours fails
    name = description(caught(lambda: icon.is_ico))
    assert name.startswith("TypeError in providers.icons, line ")
    assert description(caught(lambda: broken("another"))) == description(caught(broken))
    assert "another" not in description(caught(lambda: broken("another")))
    assert description(ValueError("never raised")) == "ValueError in an unknown place, line 0"


def test_the_traceback_of_a_fault_is_logged_once(faults: Faults, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        for number in range(50):
            faults.result_of(caught(broken), key=f"key{number}", provider="site")
        faults.result_of(caught(also_broken), key="other")
    assert len(caplog.records) == 51
    news = [record for record in caplog.records if record.exc_info]
    assert [record.__dict__["key"] for record in news] == ["key0", "other"]
    assert [record.levelname for record in news] == ["ERROR", "ERROR"]
    assert {record.levelname for record in caplog.records if not record.exc_info} == {"INFO"}
    assert {record.message for record in caplog.records} == {"entry.error"}
    assert len({record.__dict__["fault"] for record in caplog.records}) == 2


def test_many_threads_that_meet_one_fault_log_one_traceback(
    faults: Faults, caplog: pytest.LogCaptureFixture
) -> None:
    threads = [
        threading.Thread(target=lambda: faults.result_of(caught(broken), key="shopify")) for _ in range(16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len([record for record in caplog.records if record.exc_info]) == 1


class BrokenProgress:
    def __init__(self) -> None:
        self.calls = 0

    def start(self, total: int, *, verb: str = "") -> None:
        self.calls += 1
        broken(str(total))

    def advance(self, label: str) -> None:
        self.calls += 1
        broken(label)


def test_progress_that_fails_is_told_on_and_logged_once(
    faults: Faults, caplog: pytest.LogCaptureFixture
) -> None:
    progress = BrokenProgress()
    steady = SteadyProgress(progress, faults)
    steady.start(2)
    steady.advance("shopify")
    steady.advance("slack")
    assert progress.calls == 3
    assert [record.message for record in caplog.records if record.exc_info] == ["watcher.error"] * 2, (
        "one for each of its methods"
    )


def test_who_is_told_may_still_end_the_program(faults: Faults) -> None:
    with pytest.raises(KeyboardInterrupt), faults.suppressed("progress"):
        raise KeyboardInterrupt

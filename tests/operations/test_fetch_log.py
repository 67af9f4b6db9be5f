from datetime import timedelta

import pytest

from harness.factories import NOW, make_cached
from logocache.model import Outcome, OutcomeKind
from logocache.operations.fetch_log import with_failure


@pytest.mark.parametrize(
    ("kind", "wait", "before", "after"),
    [
        pytest.param(OutcomeKind.TRANSIENT, 2, 1, 2, id="asked in vain once more"),
        pytest.param(OutcomeKind.NOT_FOUND, 2, 0, 1, id="no logo"),
        pytest.param(OutcomeKind.NOT_ASKED, 2, 0, 1, id="seems unreachable"),
        pytest.param(OutcomeKind.NOT_ASKED, 2, 3, 3, id="seems unreachable, as before"),
        pytest.param(OutcomeKind.NOT_ASKED, 0, 0, 0, id="offline"),
    ],
)
def test_what_is_unreachable_has_failed_once_and_what_is_offline_has_not(
    kind: OutcomeKind, wait: int, before: int, after: int
) -> None:
    outcome = Outcome(kind=kind, next_attempt_at=NOW + timedelta(minutes=wait), reason="why")
    record = with_failure(make_cached("acme", failure_count=before), outcome, now=NOW)
    assert record.failure_count == after
    assert record.last_error == "why"

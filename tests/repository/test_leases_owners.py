"""A lease names its claim; whether the process behind it lives is only said of those that can be compared."""

import subprocess
import sys
from pathlib import Path

import pytest

from logocache.repository.leases import is_dead, new_claim
from logocache.repository.tables import OWNER_LENGTH, is_identifier

pytestmark = [
    pytest.mark.end_to_end,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc"),
]


def of(claim: str, **changes: str) -> str:
    """`claim` with some of its fields changed."""
    names = ("host", "place", "pid", "start", "token")
    fields = dict(zip(names, claim.split(":"), strict=True)) | changes
    return ":".join(fields.values())


def claim_of_dead_process() -> str:
    script = "from logocache.repository.leases import new_claim; print(new_claim())"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def test_each_claim_has_a_name_of_its_own_that_a_column_holds() -> None:
    claims = {new_claim() for _ in range(100)}
    assert len(claims) == 100
    assert all(is_identifier(claim, OWNER_LENGTH) for claim in claims)


def test_a_process_that_has_ended_is_dead_and_we_are_not() -> None:
    assert is_dead(claim_of_dead_process())
    assert not is_dead(new_claim())


FORK = """
import os
from logocache.repository.leases import is_dead, new_claim

ours = new_claim()
child = os.fork()
if child == 0:
    print(new_claim(), flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(ours)
print(child)
"""


def test_a_child_that_was_forked_claims_for_itself() -> None:
    """The child's claims do not name the parent, though it had made claims before."""
    ran = subprocess.run([sys.executable, "-c", FORK], capture_output=True, text=True, check=True)
    of_child, of_parent, child = ran.stdout.split()
    _, place, number, *_ = of_child.split(":")
    assert number == child
    assert place == of_parent.split(":")[1], "the two can be compared"


def test_a_number_that_another_process_has_now_is_of_a_dead_one() -> None:
    assert is_dead(of(new_claim(), start="1"))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"place": "0123456789abcdef"}, id="another container, or another boot"),
        pytest.param({"place": "-"}, id="a system that does not tell"),
        pytest.param({"start": "-"}, id="a start that nobody knows"),
        pytest.param({"pid": "0"}, id="no process, but our group"),
        pytest.param({"pid": "-1"}, id="no process, but all of them"),
        pytest.param({"pid": "4294967295"}, id="no number of a process"),
        pytest.param({"pid": "\N{SUPERSCRIPT TWO}"}, id="no number"),
        pytest.param({"pid": ""}, id="nothing"),
    ],
)
def test_what_cannot_be_told_counts_as_alive(changes: dict[str, str]) -> None:
    assert not is_dead(of(claim_of_dead_process(), **changes))


@pytest.mark.parametrize("claim", ["", "other", "web-1:7:3f9a1c2e", "::::", "a:b:c:d:e:f"])
def test_claims_of_other_forms_count_as_alive(claim: str) -> None:
    """Such as those of earlier versions."""
    assert not is_dead(claim)


def test_a_process_of_another_user_is_alive() -> None:
    """Process 1 is there in each namespace, though we may not signal it when it is not ours."""
    start = Path("/proc/1/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]
    assert not is_dead(of(new_claim(), pid="1", start=start))
    assert is_dead(of(new_claim(), pid="1", start=f"{start}0"))

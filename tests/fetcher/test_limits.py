import threading

import pytest

from logocache.fetcher.errors import FetchError, NoTurnError
from logocache.fetcher.limits import HostSlots
from logocache.model import OutcomeKind


def test_a_host_has_so_many_slots_and_others_have_their_own() -> None:
    slots = HostSlots(1)
    with (
        slots.held("a.example", timeout=0),
        slots.held("b.example", timeout=0),
        pytest.raises(FetchError) as caught,
        slots.held("a.example", timeout=0.01),
    ):
        raise AssertionError("unreachable: two at a time")
    assert isinstance(caught.value, NoTurnError)
    assert caught.value.kind is OutcomeKind.TRANSIENT
    with slots.held("a.example", timeout=-1):
        pass


def test_once_closed_nobody_gets_a_slot_and_who_waits_is_told_at_once() -> None:
    slots = HostSlots(1)
    told: list[OutcomeKind] = []

    def wait() -> None:
        with pytest.raises(FetchError, match="closed") as caught, slots.held("a.example", timeout=60):
            raise AssertionError("unreachable: it is taken")
        told.append(caught.value.kind)

    waiters = [threading.Thread(target=wait) for _ in range(3)]
    with slots.held("a.example", timeout=0):
        for waiter in waiters:
            waiter.start()
        slots.close()
        for waiter in waiters:
            waiter.join(timeout=120)
    assert told == [OutcomeKind.NOT_ASKED] * 3
    with pytest.raises(FetchError, match="closed"), slots.held("b.example", timeout=60):
        raise AssertionError("unreachable: it is closed")


def test_a_slot_is_given_back_when_the_request_fails_and_leaves_no_trace() -> None:
    slots = HostSlots(1)
    with pytest.raises(ZeroDivisionError), slots.held("a.example", timeout=0):
        raise ZeroDivisionError
    assert not slots._taken


def test_who_waits_for_a_slot_gets_it_when_it_is_given_back() -> None:
    slots = HostSlots(1)
    got_it = threading.Event()

    def wait() -> None:
        with slots.held("a.example", timeout=5):
            got_it.set()

    waiter = threading.Thread(target=wait)
    with slots.held("a.example", timeout=0):
        waiter.start()
        assert not got_it.wait(0.05)
    assert got_it.wait(5)
    waiter.join()

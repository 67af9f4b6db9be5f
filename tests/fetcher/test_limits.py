import threading
from types import FrameType

import pytest

from logocache.fetcher.limits import FetchError, HostSlots, NoTurnError
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
    assert not slots._hosts


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


def test_a_slot_that_is_given_back_wakes_one_thread_of_its_host_alone() -> None:
    """Each thread that wakes looks whether a slot is free: those looks are counted."""
    slots = HostSlots(1)
    looks: list[str] = []

    def count(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and frame.f_code.co_name == "<lambda>":
            looks.append(threading.current_thread().name)

    def visit(host: str) -> None:
        with slots.held(host, timeout=60):
            pass

    waiters = [
        threading.Thread(target=visit, args=(host,), name=host)
        for host in ("a.example", "b.example")
        for _ in range(10)
    ]
    threading.setprofile(count)
    try:
        with slots.held("b.example", timeout=0):
            with slots.held("a.example", timeout=0):
                for waiter in waiters:
                    waiter.start()
                while sum(host.interested for host in slots._hosts.values()) < 22 or len(looks) < 20:
                    threading.Event().wait(0.001)
            for waiter in waiters[:10]:
                waiter.join(60)
            assert looks.count("a.example") <= 2 * 10
            assert looks.count("b.example") == 10
    finally:
        threading.setprofile(None)
        for waiter in waiters:
            waiter.join(60)

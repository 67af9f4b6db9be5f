import threading

import httpx
import pytest

from logocache.fetcher.client import TransportPool
from logocache.fetcher.limits import FetchError


class Transport(httpx.BaseTransport):
    """Knows whether it was closed."""

    def __init__(self) -> None:
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True


class Maker:
    def __init__(self) -> None:
        self.made: list[Transport] = []

    def __call__(self) -> Transport:
        self.made.append(Transport())
        return self.made[-1]


def test_one_after_the_other_use_the_same_transport() -> None:
    maker = Maker()
    pool = TransportPool(maker)
    with pool.borrow() as first:
        pass
    with pool.borrow() as second:
        pass
    assert first is second
    assert len(maker.made) == 1


def test_at_the_same_time_everyone_has_one_alone() -> None:
    maker = Maker()
    pool = TransportPool(maker)
    all_have_one = threading.Barrier(4, timeout=60)
    borrowed = []

    def use() -> None:
        with pool.borrow() as transport:
            borrowed.append(transport)
            all_have_one.wait()

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, borrowed))) == len(maker.made) == 4


def test_a_transport_comes_back_when_its_use_fails() -> None:
    maker = Maker()
    pool = TransportPool(maker)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), pool.borrow():
            raise ZeroDivisionError
    assert len(maker.made) == 1


def test_closing_closes_those_at_home_at_once_and_those_out_when_they_come_back() -> None:
    maker = Maker()
    pool = TransportPool(maker)

    def closed() -> list[bool]:
        return [transport.is_closed for transport in maker.made]

    with pool.borrow():
        with pool.borrow():
            pass
        pool.close()
        assert closed() == [False, True]
    assert closed() == [True, True]
    pool.close()


def test_nothing_is_lent_once_closed() -> None:
    pool = TransportPool(Maker())
    pool.close()
    with pytest.raises(FetchError, match="closed"), pool.borrow():
        raise AssertionError("unreachable: it is closed")

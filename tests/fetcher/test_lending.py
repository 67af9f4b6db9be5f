import threading

import httpx
import pytest

from logocache.fetcher.client import Lending
from logocache.fetcher.errors import FetchError


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
    lending = Lending(maker)
    with lending.lent() as first:
        pass
    with lending.lent() as second:
        pass
    assert first is second
    assert len(maker.made) == 1


def test_at_the_same_time_everyone_has_one_alone() -> None:
    maker = Maker()
    lending = Lending(maker)
    all_have_one = threading.Barrier(4, timeout=5)
    lent = []

    def use() -> None:
        with lending.lent() as transport:
            lent.append(transport)
            all_have_one.wait()

    threads = [threading.Thread(target=use) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(map(id, lent))) == len(maker.made) == 4


def test_a_transport_comes_back_when_its_use_fails() -> None:
    maker = Maker()
    lending = Lending(maker)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), lending.lent():
            raise ZeroDivisionError
    assert len(maker.made) == 1


def test_closing_closes_those_at_home_at_once_and_those_out_when_they_come_back() -> None:
    maker = Maker()
    lending = Lending(maker)

    def closed() -> list[bool]:
        return [transport.is_closed for transport in maker.made]

    with lending.lent():
        with lending.lent():
            pass
        lending.close()
        assert closed() == [False, True]
    assert closed() == [True, True]
    lending.close()


def test_nothing_is_lent_once_closed() -> None:
    lending = Lending(Maker())
    lending.close()
    with pytest.raises(FetchError, match="closed"), lending.lent():
        raise AssertionError("unreachable: it is closed")

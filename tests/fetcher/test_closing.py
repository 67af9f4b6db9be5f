import threading

import pytest

from logocache.fetcher.errors import FetchError
from logocache.fetcher.streams import Shutdown
from logocache.model import OutcomeKind


def test_before_it_begins_nothing_is_said() -> None:
    closing = Shutdown()
    closing.check()
    closing.sleep(0)
    assert not closing.has_begun


def test_once_it_has_begun_nothing_is_asked_any_more() -> None:
    closing = Shutdown()
    for _ in range(2):
        closing.begin()
        with pytest.raises(FetchError, match="closed") as caught:
            closing.check()
    assert caught.value.kind is OutcomeKind.NOT_ASKED
    assert closing.has_begun


def test_who_sleeps_is_woken_and_who_comes_later_does_not_sleep() -> None:
    closing = Shutdown()
    sleeper = threading.Thread(target=closing.sleep, args=(60,))
    sleeper.start()
    assert sleeper.is_alive()
    closing.begin()
    closing.sleep(60)
    sleeper.join(timeout=120)
    assert not sleeper.is_alive()

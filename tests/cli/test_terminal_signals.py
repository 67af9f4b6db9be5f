import os
import signal

import pytest

from logocache.cli.terminal import EndingSignal, raised_as_exits


def test_an_ending_signal_becomes_an_exit_with_128_and_its_number() -> None:
    with raised_as_exits(), pytest.raises(EndingSignal) as caught:
        os.kill(os.getpid(), signal.SIGTERM)
    assert caught.value.exit_code == caught.value.code == 143
    assert caught.value.name == "SIGTERM"


def test_a_second_signal_does_not_break_the_cleaning_up() -> None:
    with raised_as_exits():
        with pytest.raises(EndingSignal):
            os.kill(os.getpid(), signal.SIGTERM)
        os.kill(os.getpid(), signal.SIGTERM)


def test_handlers_are_as_before_afterwards() -> None:
    earlier = signal.getsignal(signal.SIGTERM)
    with raised_as_exits():
        assert signal.getsignal(signal.SIGTERM) is not earlier
    assert signal.getsignal(signal.SIGTERM) is earlier


def test_a_signal_that_is_ignored_stays_ignored_as_under_nohup() -> None:
    earlier = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with raised_as_exits():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, earlier)

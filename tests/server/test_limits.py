"""The work that one client address may cause is limited."""

import pytest

from logocache.server.limits import ClientLimit, network_of


class Watch:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_a_minutes_share_at_once_and_then_as_many_as_flow_back() -> None:
    watch = Watch()
    limit = ClientLimit(60, monotonic=watch)
    assert [limit.wait_for("192.0.2.1") for _ in range(60)] == [0.0] * 60
    assert limit.wait_for("192.0.2.1") == pytest.approx(1.0)
    watch.now += 0.5
    assert limit.wait_for("192.0.2.1") == pytest.approx(0.5)
    watch.now += 0.5
    assert limit.wait_for("192.0.2.1") == 0.0
    assert limit.wait_for("192.0.2.2") == 0.0


def test_a_long_pause_saves_no_more_than_a_minutes_share() -> None:
    watch = Watch()
    limit = ClientLimit(2, monotonic=watch)
    limit.wait_for("192.0.2.1")
    watch.now += 3600
    assert [limit.wait_for("192.0.2.1") > 0 for _ in range(3)] == [False, False, True]


def test_less_than_one_a_minute_is_possible() -> None:
    limit = ClientLimit(0.5, monotonic=Watch())
    assert limit.wait_for("192.0.2.1") == 0.0
    assert limit.wait_for("192.0.2.1") == pytest.approx(120.0)


def test_zero_is_no_limit() -> None:
    limit = ClientLimit(0, monotonic=Watch())
    assert not any(limit.wait_for("192.0.2.1") for _ in range(10_000))


def test_memory_is_bounded() -> None:
    limit = ClientLimit(1, monotonic=Watch(), capacity=2)
    for client in ("192.0.2.1", "192.0.2.2", "192.0.2.3"):
        assert limit.wait_for(client) == 0.0
    assert len(limit._buckets) == 2
    assert limit.wait_for("192.0.2.3") > 0


@pytest.mark.parametrize(
    ("client", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::ffff", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_what_counts_as_one_client(client: str, network: str) -> None:
    assert network_of(client) == network

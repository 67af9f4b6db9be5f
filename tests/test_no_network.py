"""The tests themselves keep off the network."""

import socket

import pytest
from pytest_socket import SocketConnectBlockedError


def test_no_test_reaches_the_network() -> None:
    blocked = pytest.raises((SocketConnectBlockedError, UserWarning))  # it warns, and warnings are errors
    with socket.socket() as client, blocked:
        client.connect(("192.0.2.1", 80))

"""Who holds a lease: names of processes that tell whether one of this machine has ended.

A lease names its claim as `<host>:<place>:<pid>:<start>:<token>`. Containers share host names, and
each counts its processes anew. So processes are compared only within one place: a host name, a boot of
its kernel, and a namespace of process numbers and one of time, whose inode numbers nobody else on that
kernel has while they exist. Within it, a process lives as long as its number is taken by a process
that started at the same tick.

Whatever cannot be told counts as alive, and its lease ends by its time: processes of other places,
systems without /proc, and processes that nobody has waited for.
"""

import hashlib
import os
import secrets
import socket
from functools import cache
from pathlib import Path

from logocache.repository.texts import cleaned

HOST_LENGTH = 40
PLACE_DIGITS = 16
TOKEN_BYTES = 8
UNKNOWN = "-"
"""Stands for a place or start that this system does not tell."""

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_TIME = Path("/proc/self/ns/time")
"""Since Linux 5.6. Start times are told in the time of the namespace of who asks."""
_START_FIELD = 22
"""`starttime` in proc_pid_stat(5): clock ticks after boot."""


def new_claim() -> str:
    """A text of at most 128 characters that names this process, and this one claim of it."""
    pid = os.getpid()  # asked each time: after a fork it is another
    host = cleaned(socket.gethostname(), HOST_LENGTH).replace(":", "-") or UNKNOWN
    start = _start_of(pid) or UNKNOWN
    return f"{host}:{_place(pid) or UNKNOWN}:{pid}:{start}:{secrets.token_hex(TOKEN_BYTES)}"


def is_dead(claim: str) -> bool:
    """True if the process that made `claim` certainly lives no more."""
    fields = claim.split(":")
    if len(fields) != len(("host", "place", "pid", "start", "token")):
        return False
    _host, place, number, start, _token = fields
    if place != _place(os.getpid()) or start == UNKNOWN or not number.isdecimal():
        return False
    pid = int(number)
    if not 0 < pid < 2**31:  # others mean groups of processes, or nothing
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        pass  # it belongs to another user, and lives
    now_started = _start_of(pid)
    return now_started is not None and now_started != start


@cache
def _place(pid: int) -> str | None:
    """What all processes share whose numbers `pid` may be compared with; None where nothing tells."""
    try:
        if str(Path("/proc/self").readlink()) != str(pid):
            return None  # the /proc of another namespace, such as the host's
        facts = [
            socket.gethostname(),
            _BOOT.read_text(encoding="ascii").strip(),
            str(Path("/proc/self/ns/pid").readlink()),
            str(_TIME.readlink()) if _TIME.is_symlink() else "",
        ]
    except (OSError, ValueError):
        return None
    return hashlib.sha256("\0".join(facts).encode()).hexdigest()[:PLACE_DIGITS]


def _start_of(pid: int) -> str | None:
    """When the process started; None where that cannot be read, or there is none."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return None
    fields = line.rpartition(")")[2].split()  # the name before it may hold anything
    after_name = _START_FIELD - len(("pid", "comm")) - 1
    return fields[after_name] if len(fields) > after_name else None

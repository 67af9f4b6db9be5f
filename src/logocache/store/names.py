"""What the files are called: `<key>_<first 8 hex digits of the content's sha256>.png`. Pure."""

import hashlib
import os
import re

DIGEST_DIGITS = 8
SUFFIX = ".png"

MAX_NAME_BYTES = 255
"""NAME_MAX of every file system in use (POSIX limits.h: `getconf NAME_MAX /`)."""
MAX_KEY_LENGTH = MAX_NAME_BYTES - len("_") - DIGEST_DIGITS - len(SUFFIX)

CUT = "~"
"""Stands in no key, so that the name of a shortened key is never taken for another key's."""
KEPT_LENGTH = 200
CUT_DIGITS = 16

KEY = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
OURS = re.compile(
    rf"(?P<key>{KEY.pattern})(?P<cut>{CUT}[0-9a-f]{{{CUT_DIGITS}}})?_[0-9a-f]{{{DIGEST_DIGITS}}}\.png"
)


def file_name(key: str, sha256: str) -> str:
    """The name of a logo's file, at most 255 bytes.

    A key of more than 242 characters (a long domain) is cut, and told apart by a digest of the whole.

    Raises:
        ValueError: `key` is not made of lower-case letters, digits and inner `.`, `_` and `-`, or
            `sha256` is not a digest in lower-case hexadecimal.
    """
    if not KEY.fullmatch(key):
        raise ValueError(f"{key!r} cannot be a part of a file name")
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError(f"{sha256!r} is not a sha256 in hexadecimal")
    return f"{_shortened(key)}_{sha256[:DIGEST_DIGITS]}{SUFFIX}"


def key_of(name: str) -> str | None:
    """The key in a name that `file_name` made; None for other names, and for a key that was cut."""
    found = OURS.fullmatch(name) if is_ours(name) else None
    return found["key"] if found is not None and not found["cut"] else None


def is_ours(name: str) -> bool:
    """Whether `file_name` may have made this name."""
    return len(name) <= MAX_NAME_BYTES and OURS.fullmatch(name) is not None


def promises(name: str, sha256: str) -> bool:
    """Whether `name` is one that `file_name` gives to content with this digest."""
    return is_ours(name) and name.endswith(f"_{sha256[:DIGEST_DIGITS]}{SUFFIX}")


def check_name(name: str) -> str:
    """`name`, when it can only mean a visible file directly in its directory.

    Raises:
        ValueError: it holds `/` or NUL, starts with a dot, is empty, or is longer than 255 bytes.
    """
    if not name or name.startswith(".") or "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is not the name of a file in the cache directory")
    if len(os.fsencode(name)) > MAX_NAME_BYTES:
        raise ValueError(f"a file name has at most {MAX_NAME_BYTES} bytes")
    return name


def _shortened(key: str) -> str:
    if len(key) <= MAX_KEY_LENGTH:
        return key
    kept = key[:KEPT_LENGTH].rstrip("._-")
    return f"{kept}{CUT}{hashlib.sha256(key.encode()).hexdigest()[:CUT_DIGITS]}"

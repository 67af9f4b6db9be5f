"""Names of stored files: `<key>_<first 8 hex digits of the content's sha256>.png`, and of variants. Pure."""

import hashlib
import os
import re

from logocache.queries import Variant

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


COPY_SUFFIX = ".copy"
"""Not that of an image: the file begins with a digest."""
LONGEST_LABEL = len("full-webp-grey")
MAX_OWNER_LENGTH = MAX_NAME_BYTES - len(".") - LONGEST_LABEL - len(COPY_SUFFIX)

DIGEST_SIZE = hashlib.sha256().digest_size


def owner_of(file: str) -> str:
    """How the names of all copies of the stored file begin, up to their last two dots.

    Raises ValueError for a name that no file of ours has, such as one that leads elsewhere.
    """
    if not is_ours(file):
        raise ValueError(f"{file!r} is not the name of a stored logo")
    stem = file.removesuffix(SUFFIX)
    if len(stem) <= MAX_OWNER_LENGTH:
        return stem
    # A name that was not cut ends with `_` and eight digits, so the two are never taken for another.
    return f"{stem[:KEPT_LENGTH]}{CUT}{hashlib.sha256(file.encode()).hexdigest()[:CUT_DIGITS]}"


def copy_name(file: str, variant: Variant) -> str:
    """`shopify_1f3a9c2e.128-webp.copy`: at most 255 bytes. Raises ValueError as `owner_of`."""
    return f"{owner_of(file)}.{variant.label}{COPY_SUFFIX}"


def belongs_to(name: str) -> str:
    """The owner in the name of a copy; nobody's for other names, as no owner is empty."""
    owner, _, _ = name.removesuffix(COPY_SUFFIX).rpartition(".")
    return owner if name.endswith(COPY_SUFFIX) else ""


def sealed(file: str, variant: Variant, body: bytes) -> bytes:
    """`body` behind a digest that tells what it is a copy of."""
    return _digest(file, variant, body) + body


def unsealed(file: str, variant: Variant, content: bytes) -> bytes | None:
    """The body of what `sealed` made for this very copy; None for anything else."""
    digest, body = content[:DIGEST_SIZE], content[DIGEST_SIZE:]
    return body if body and digest == _digest(file, variant, body) else None


def _digest(file: str, variant: Variant, body: bytes) -> bytes:
    # Neither a name nor a label holds a NUL, so that the parts cannot run into each other.
    return hashlib.sha256(b"\0".join((file.encode(), variant.label.encode(), body))).digest()

"""Names of stored files, `<key>_<first 8 hex digits of their sha256>.png`, and of variants. Pure.

The further forms of a logo end in `.svg` and `.dark.png`.
"""

import hashlib
import os
import re

from logocache.model import StoredFile, StoredForm
from logocache.queries import Variant

DIGEST_DIGITS = 8
SUFFIX = ".png"
SVG_SUFFIX = ".svg"
DARK_SUFFIX = ".dark.png"

MAX_NAME_BYTES = 255
"""NAME_MAX of common file systems (POSIX limits.h: `getconf NAME_MAX /`)."""
MAX_STEM_LENGTH = MAX_NAME_BYTES - len("_") - DIGEST_DIGITS

CUT = "~"
"""Marks a shortened key. Not a character of keys, so that it cannot be taken for another key."""
KEPT_LENGTH = 200
CUT_DIGITS = 16

KEY = re.compile(r"[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?")
OURS = re.compile(
    rf"(?P<key>{KEY.pattern})(?P<cut>{CUT}[0-9a-f]{{{CUT_DIGITS}}})?_(?P<digest>[0-9a-f]{{{DIGEST_DIGITS}}})"
    r"(?P<suffix>\.png|\.svg|\.dark\.png)"
)


def file_name(key: str, sha256: str, suffix: str = SUFFIX) -> str:
    """Return the name of a logo's file, at most 255 bytes.

    A key of more than 242 characters (a long domain) is shortened, with a digest of the whole key.

    Raises:
        ValueError: `key` is not made of lower-case letters, digits and inner `.`, `_` and `-`, or
            `sha256` is not a digest in lower-case hexadecimal.
    """
    if not KEY.fullmatch(key):
        raise ValueError(f"{key!r} cannot be a part of a file name")
    if not re.fullmatch(r"[0-9a-f]{64}", sha256):
        raise ValueError(f"{sha256!r} is not a sha256 in hexadecimal")
    return f"{_shortened(key, MAX_STEM_LENGTH - len(suffix))}_{sha256[:DIGEST_DIGITS]}{suffix}"


def key_of(name: str) -> str | None:
    """Return the key in a name made by `file_name`; None for other names, and for a shortened key."""
    found = _parsed(name)
    return found["key"] if found is not None and not found["cut"] else None


def suffix_of(name: str) -> str | None:
    """Return the suffix of a name made by `file_name`, which tells the form; None for other names."""
    found = _parsed(name)
    return found["suffix"] if found is not None else None


def form_like(name: str | None, file: StoredFile | None) -> StoredForm | None:
    """The form of `file` that is of the same kind as the file named `name`; None if it has none."""
    forms = file.forms if file is not None else ()
    return next((form for form in forms if suffix_of(form.name) == suffix_of(name or "")), None)


def is_picture(name: str) -> bool:
    """True if `name` is that of a PNG of ours, from which variants can be derived."""
    return suffix_of(name) in {SUFFIX, DARK_SUFFIX}


def is_ours(name: str) -> bool:
    """True if `file_name` may have made this name."""
    return _parsed(name) is not None


def promises(name: str, sha256: str) -> bool:
    """True if `name` is a name of `file_name` for content with this digest."""
    found = _parsed(name)
    return found is not None and found["digest"] == sha256[:DIGEST_DIGITS]


def check_name(name: str) -> str:
    """Return `name`, if it can only be a visible file directly in its directory.

    Raises:
        ValueError: it contains `/` or NUL, starts with a dot, is empty, or is longer than 255 bytes.
    """
    if not name or name.startswith(".") or "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is not the name of a file in the cache directory")
    if len(os.fsencode(name)) > MAX_NAME_BYTES:
        raise ValueError(f"a file name has at most {MAX_NAME_BYTES} bytes")
    return name


def _parsed(name: str) -> re.Match[str] | None:
    return OURS.fullmatch(name) if len(name) <= MAX_NAME_BYTES else None


def _shortened(key: str, length: int) -> str:
    if len(key) <= length:
        return key
    start = key[:KEPT_LENGTH].rstrip("._-")
    return f"{start}{CUT}{hashlib.sha256(key.encode()).hexdigest()[:CUT_DIGITS]}"


VARIANT_SUFFIX = ".copy"
"""Not that of an image: the file begins with a digest."""
MAX_LABEL_LENGTH = len("full-webp-grey")
"""Behind the longest owners; a longer label is a digest there."""
MAX_OWNER_LENGTH = MAX_NAME_BYTES - len(".") - MAX_LABEL_LENGTH - len(VARIANT_SUFFIX)

DIGEST_SIZE = hashlib.sha256().digest_size


def owner_of(file: str) -> str:
    """Return the common start of the names of all variants of a stored PNG.

    Raises ValueError for a name that is not that of a stored logo.
    """
    if not is_picture(file):
        raise ValueError(f"{file!r} is not the name of a stored logo")
    stem = file.removesuffix(SUFFIX)
    if len(stem) <= MAX_OWNER_LENGTH:
        return stem
    # A name that is not shortened ends with `_` and eight digits, so the two cannot be confused.
    return f"{stem[:KEPT_LENGTH]}{CUT}{hashlib.sha256(file.encode()).hexdigest()[:CUT_DIGITS]}"


def variant_name(file: str, variant: Variant) -> str:
    """Return a name such as `shopify_1f3a9c2e.128-webp.copy`, at most 255 bytes. Raises as `owner_of`."""
    name = f"{owner_of(file)}.{variant.label}{VARIANT_SUFFIX}"
    if len(name) <= MAX_NAME_BYTES:
        return name
    label = hashlib.sha256(variant.label.encode()).hexdigest()[:MAX_LABEL_LENGTH]
    return f"{owner_of(file)}.{label}{VARIANT_SUFFIX}"


def belongs_to(name: str) -> str:
    """Return the owner in the name of a variant; empty for other names."""
    owner, _, _ = name.removesuffix(VARIANT_SUFFIX).rpartition(".")
    return owner if name.endswith(VARIANT_SUFFIX) else ""


def with_digest(file: str, variant: Variant, image: bytes) -> bytes:
    """Return `image` behind a digest of itself, its file and its variant."""
    return _digest(file, variant, image) + image


def without_digest(file: str, variant: Variant, content: bytes) -> bytes | None:
    """Return the image from the content of this variant's file; None if the digest does not match."""
    digest, image = content[:DIGEST_SIZE], content[DIGEST_SIZE:]
    return image if image and digest == _digest(file, variant, image) else None


def _digest(file: str, variant: Variant, image: bytes) -> bytes:
    # Neither names nor labels contain NUL, so the parts stay distinct.
    return hashlib.sha256(b"\0".join((file.encode(), variant.label.encode(), image))).digest()

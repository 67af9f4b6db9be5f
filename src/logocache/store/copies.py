"""How a resized copy is written down: its name, and the digest in front of it. Pure."""

import hashlib

from logocache.store.names import CUT, CUT_DIGITS, KEPT_LENGTH, MAX_NAME_BYTES, SUFFIX, is_ours
from logocache.variant import Variant

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

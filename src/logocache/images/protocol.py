"""The form in which tasks go to a decoder process and answers come back: JSON, then bytes.

No pickle: a decoder that was taken over by an image can send whatever it likes, and whatever it
sends is only read as numbers, texts and bytes of bounded length.
"""

import json
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

LARGEST_FIELDS = 2_000_000
LARGEST_BLOB = 1_000_000_000

Value = None | bool | int | float | str | list["Value"] | dict[str, "Value"]
Fields = dict[str, Value]

HEADER = struct.Struct(">II")
"""Lengths of the JSON and of the bytes that follow."""


class Task(StrEnum):
    NORMALISE = "normalise"
    CHECK_FILES = "check_files"


class ProtocolError(Exception):
    """The other side did not keep to the form."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A task or an answer."""

    fields: Fields = field(default_factory=dict)
    blob: bytes = b""

    def pack(self) -> bytes:
        fields = json.dumps(self.fields).encode("ascii")
        return HEADER.pack(len(fields), len(self.blob)) + fields + self.blob


def receive(read: Callable[[int], bytes], *, largest_blob: int = LARGEST_BLOB) -> Message:
    """The next message. `read(n)` gives exactly n bytes, or raises.

    Raises `ProtocolError` for lengths out of bounds and for what is not a JSON object.
    """
    fields_size, blob_size = HEADER.unpack(read(HEADER.size))
    if fields_size > LARGEST_FIELDS or blob_size > largest_blob:
        raise ProtocolError(f"a message of {fields_size} + {blob_size} bytes")
    try:
        fields = json.loads(read(fields_size))
    except (ValueError, RecursionError) as error:
        raise ProtocolError("fields that are not JSON") from error
    if not isinstance(fields, dict):
        raise ProtocolError("fields that are not an object")
    return Message(fields=fields, blob=read(blob_size))

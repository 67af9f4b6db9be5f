"""Messages to and from a decoder process: JSON, then bytes. Answers are untrusted, and validated."""

import hashlib
import json
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from logocache.images.errors import LARGEST_PNG, LARGEST_SVG, LONGEST_SIDE, one_line
from logocache.images.sniff import ImageFormat, sniff
from logocache.model import ImageInfo
from logocache.policy.looks import PATTERN
from logocache.ports import DecodingFailure, FileCheck, ImageRejection, NormalisedImage

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
    """The other side sent an invalid message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A task or an answer."""

    fields: Fields = field(default_factory=dict)
    blob: bytes = b""

    def pack(self) -> bytes:
        fields = json.dumps(self.fields).encode("ascii")
        return HEADER.pack(len(fields), len(self.blob)) + fields + self.blob


def receive(read: Callable[[int], bytes], *, largest_blob: int = LARGEST_BLOB) -> Message:
    """The next message. `read(n)` returns exactly n bytes, or raises.

    Raises `ProtocolError` for lengths out of bounds and for anything but a JSON object.
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


_SIZE = struct.Struct(">16xII")
"""Width and height are the first fields of the first chunk (PNG, third edition, 11.2.1)."""


def stored_size(png: bytes) -> tuple[int, int]:
    """Width and height in pixels.

    Raises:
        ValueError: the bytes cannot be a logo that we stored.
    """
    if sniff(png) is not ImageFormat.PNG or not _SIZE.size <= len(png) <= LARGEST_PNG:
        raise ValueError("an image that is not a PNG of ours")
    width, height = _SIZE.unpack_from(png)
    if not (0 < width <= LONGEST_SIDE and 0 < height <= LONGEST_SIDE):
        raise ValueError(f"an image of {width}×{height} pixels")
    return width, height


LARGEST_COUNT = 2**31 - 1


def of_image(image: NormalisedImage | ImageRejection | DecodingFailure) -> Message:
    if isinstance(image, DecodingFailure):
        return Message(fields={"failure": image.reason})
    if isinstance(image, ImageRejection):
        return Message(fields={"reason": image.reason, "is_blank": image.is_blank})
    source = image.source
    facts: list[Value] = [source.format, source.width, source.height]
    facts += [source.shows_on_white, source.shows_on_dark]
    svg, dark = image.svg or b"", image.dark or b""
    fields: Fields = {"source": facts, "look": image.look, "flaw": image.flaw, "forms": [len(svg), len(dark)]}
    return Message(fields=fields, blob=image.png + svg + dark)


def to_image(answer: Message) -> NormalisedImage | ImageRejection | DecodingFailure:
    """The image, rejection or failure in `answer`. Raises `ProtocolError` if it is implausible.

    Size and digest are computed from the bytes, not taken from the answer.
    """
    match answer.fields:
        case {"failure": str(reason)}:
            return DecodingFailure(reason=one_line(reason))
        case {"reason": str(reason), "is_blank": bool(is_blank)}:
            return ImageRejection(reason=one_line(reason), is_blank=is_blank)
        case {
            "source": [str(name), int(width), int(height), bool(on_white), bool(on_dark)],
            "look": str(look),
            "flaw": str() | None as flaw,
            "forms": [int(svg_size), int(dark_size)],
        } if name in _SOURCE_FORMATS and PATTERN.fullmatch(look):
            source = ImageInfo(
                format=name,
                width=_count(width),
                height=_count(height),
                shows_on_white=on_white,
                shows_on_dark=on_dark,
            )
            forms = _split(answer.blob, svg_size, dark_size)
            return _image(forms, source, look, None if flaw is None else one_line(flaw))
        case _:
            raise ProtocolError("neither an image nor a reason")


def of_checks(checks: Sequence[FileCheck]) -> Message:
    return Message(fields={"checks": [_of_check(check) for check in checks]})


def to_checks(answer: Message, paths: Sequence[Path]) -> list[FileCheck]:
    """One check for each of `paths`. Raises `ProtocolError` for any other number."""
    match answer.fields:
        case {"checks": list(checks)} if len(checks) == len(paths):
            return [_check(path, check) for path, check in zip(paths, checks, strict=True)]
        case _:
            raise ProtocolError("not one check for each file")


_SOURCE_FORMATS = frozenset(ImageFormat) - {ImageFormat.SVGZ}


def _split(blob: bytes, svg_size: int, dark_size: int) -> tuple[bytes, bytes, bytes]:
    """The PNG, and the SVG and the dark PNG of those sizes behind it."""
    if svg_size < 0 or dark_size < 0 or svg_size + dark_size > len(blob):
        raise ProtocolError(f"forms of {svg_size} and {dark_size} bytes in {len(blob)}")
    end = len(blob) - dark_size
    return blob[: end - svg_size], blob[end - svg_size : end], blob[end:]


def _image(
    forms: tuple[bytes, bytes, bytes], source: ImageInfo, look: str, flaw: str | None
) -> NormalisedImage:
    png, svg, dark = forms
    try:
        width, height = stored_size(png)
        if dark:
            stored_size(dark)
    except ValueError as error:
        raise ProtocolError(str(error)) from error
    if svg and (len(svg) > LARGEST_SVG or sniff(svg) is not ImageFormat.SVG):
        raise ProtocolError(f"a document of {len(svg)} bytes that is no SVG to keep")
    return NormalisedImage(
        png=png,
        sha256=hashlib.sha256(png).hexdigest(),
        width=width,
        height=height,
        source=source,
        svg=svg or None,
        dark=dark or None,
        look=look,
        flaw=flaw,
    )


def _of_check(check: FileCheck) -> Value:
    if check.obstacle is not None:
        return {"obstacle": check.obstacle}
    return {"problem": check.problem} if check.problem is not None else [check.width, check.height]


def _check(path: Path, check: Value) -> FileCheck:
    match check:
        case {"obstacle": str(obstacle)}:
            return FileCheck(path=path, obstacle=one_line(obstacle))
        case {"problem": str(problem)}:
            return FileCheck(path=path, problem=one_line(problem))
        case [int(width), int(height)]:
            return FileCheck(path=path, width=_count(width), height=_count(height))
        case _:
            raise ProtocolError("a check without a result")


def _count(number: int) -> int:
    if not 0 < number <= LARGEST_COUNT:
        raise ProtocolError(f"a size of {number} pixels")
    return number

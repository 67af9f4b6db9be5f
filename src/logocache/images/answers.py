"""What decoders answer: written by the decoder process, read and checked by ours."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from logocache.images.header import stored_size
from logocache.images.inspect import ImageFormat
from logocache.images.protocol import Message, ProtocolError, Value
from logocache.images.refusal import one_line
from logocache.model import DecodingFailure, ImageInfo, ImageRejection, NormalisedImage
from logocache.ports import FileCheck

LARGEST_COUNT = 2**31 - 1


def of_image(image: NormalisedImage | ImageRejection | DecodingFailure) -> Message:
    if isinstance(image, DecodingFailure):
        return Message(fields={"failure": image.reason})
    if isinstance(image, ImageRejection):
        return Message(fields={"reason": image.reason, "is_blank": image.is_blank})
    source = image.source
    return Message(fields={"source": [source.format, source.width, source.height]}, blob=image.png)


def to_image(answer: Message) -> NormalisedImage | ImageRejection | DecodingFailure:
    """The image, rejection or failure in `answer`. Raises `ProtocolError` unless it is plausible.

    Size and digest are taken from the bytes themselves: nothing is believed that can be looked up.
    """
    match answer.fields:
        case {"failure": str(reason)}:
            return DecodingFailure(reason=one_line(reason))
        case {"reason": str(reason), "is_blank": bool(is_blank)}:
            return ImageRejection(reason=one_line(reason), is_blank=is_blank)
        case {"source": [str(name), int(width), int(height)]} if name in _SOURCE_FORMATS:
            source = ImageInfo(format=name, width=_count(width), height=_count(height))
            return _image(answer.blob, source)
        case _:
            raise ProtocolError("neither an image nor a reason")


def of_checks(checks: Sequence[FileCheck]) -> Message:
    return Message(fields={"checks": [_of_check(check) for check in checks]})


def to_checks(answer: Message, paths: Sequence[Path]) -> list[FileCheck]:
    """One check for each of `paths`. Raises `ProtocolError` unless the answer has just these."""
    match answer.fields:
        case {"checks": list(checks)} if len(checks) == len(paths):
            return [_check(path, check) for path, check in zip(paths, checks, strict=True)]
        case _:
            raise ProtocolError("not one check for each file")


_SOURCE_FORMATS = frozenset(ImageFormat) - {ImageFormat.SVGZ}


def _image(png: bytes, source: ImageInfo) -> NormalisedImage:
    try:
        width, height = stored_size(png)
    except ValueError as error:
        raise ProtocolError(str(error)) from error
    return NormalisedImage(
        png=png, sha256=hashlib.sha256(png).hexdigest(), width=width, height=height, source=source
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
            raise ProtocolError("a check that says nothing")


def _count(number: int) -> int:
    if not 0 < number <= LARGEST_COUNT:
        raise ProtocolError(f"a size of {number} pixels")
    return number

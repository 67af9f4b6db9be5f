"""The decoder process: reads tasks from its input, answers on its output, ends with its input.

Started by `decoder`, as `python -m logocache.images.worker MEMORY_BYTES MAX_PIXELS SECONDS`.
"""

import math
import os
import resource
import signal
import sys
import warnings
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from logocache.images import messages, variants
from logocache.images.errors import LONGEST_SIDE
from logocache.images.messages import Message, ProtocolError, Task, receive
from logocache.images.normalise import normalise

GRACE_SECONDS = 2
"""Seconds after a time limit at which the decoder ends itself, in case the parent that should is gone."""


def main(memory_bytes: int, max_pixels: int, seconds: float) -> None:
    """Answer tasks within these limits, until the input ends."""
    tasks, replies = _claim_standard_streams()
    limit_memory(memory_bytes)
    limit_pillow(max_pixels)
    # An ignored alarm is inherited from the parent.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    serve(tasks, replies, max_pixels=max_pixels, seconds=seconds)


def serve(tasks: BinaryIO, replies: BinaryIO, *, max_pixels: int, seconds: float) -> None:
    """Send an empty message when ready, then answer each task, until `tasks` ends."""
    _send(replies, Message())
    while True:
        try:
            task = receive(lambda size: _read_exactly(tasks, size))
        except EOFError:
            return
        signal.alarm(math.ceil(seconds) + GRACE_SECONDS)
        _send(replies, perform(task, max_pixels=max_pixels))
        signal.alarm(0)


def perform(task: Message, *, max_pixels: int) -> Message:
    """The answer to one task."""
    match task.fields:
        case {
            "task": Task.NORMALISE,
            "heavy_pixels": int(heavy),
            "memory_bytes": int(memory_bytes),
            "is_believed": bool(is_believed),
        }:
            limit_task(memory_bytes)
            return messages.of_image(
                normalise(task.blob, max_pixels=max_pixels, heavy_pixels=heavy, is_believed=is_believed)
            )
        case {"task": Task.NORMALISE}:
            return messages.of_image(normalise(task.blob, max_pixels=max_pixels))
        case {"task": Task.CHECK_FILES, "paths": list(paths)}:
            return messages.of_checks(
                [variants.check_file(Path(str(path)), max_pixels=max_pixels) for path in paths]
            )
        case _:
            raise ProtocolError("an unknown task")


def limit_memory(memory_bytes: int) -> None:
    """Limit the private memory of this process where the system can, and disable core files.

    The address space is not limited: libraries reserve far more of it than they use.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    _limit_data(memory_bytes, is_final=True)


def limit_task(memory_bytes: int) -> None:
    """Limit the memory further for the current task; a later task may raise the limit again."""
    _limit_data(memory_bytes, is_final=False)


def _limit_data(memory_bytes: int, *, is_final: bool) -> None:
    if sys.platform == "linux":  # macOS has the limit but does not enforce it
        _, ceiling = resource.getrlimit(resource.RLIMIT_DATA)
        limit = memory_bytes if ceiling == resource.RLIM_INFINITY else min(memory_bytes, ceiling)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit if is_final else ceiling))


def limit_pillow(max_pixels: int) -> None:
    """Limit every image that Pillow opens; always admits our own drawings."""
    Image.MAX_IMAGE_PIXELS = max(max_pixels, LONGEST_SIDE**2)
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def _claim_standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """Input and output for messages alone; anything a library prints goes to standard error."""
    tasks, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return tasks, replies


def _send(replies: BinaryIO, answer: Message) -> None:
    replies.write(answer.pack())
    replies.flush()


def _read_exactly(tasks: BinaryIO, size: int) -> bytes:
    """Exactly `size` bytes. Raises EOFError when the input ends before."""
    read = tasks.read(size)
    if len(read) < size:
        raise EOFError
    return read


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))

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
"""The process that asked ends a task at its limit; this one ends itself a little later, so that no
decoder goes on for ever when the one who would end it is gone."""


def main(memory_bytes: int, max_pixels: int, seconds: float) -> None:
    """Answer tasks until the input ends, within these limits."""
    tasks, replies = _claim_standard_streams()
    limit_memory(memory_bytes)
    limit_pillow(max_pixels)
    # A program that ignores the alarm hands that on to the processes it starts.
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    serve(tasks, replies, max_pixels=max_pixels, seconds=seconds)


def serve(tasks: BinaryIO, replies: BinaryIO, *, max_pixels: int, seconds: float) -> None:
    """Say hello with an empty message, then answer each task, until `tasks` ends."""
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
        case {"task": Task.NORMALISE, "heavy_pixels": int(heavy), "memory_bytes": int(memory_bytes)}:
            limit_task(memory_bytes)
            return messages.of_image(normalise(task.blob, max_pixels=max_pixels, heavy_pixels=heavy))
        case {"task": Task.NORMALISE}:
            return messages.of_image(normalise(task.blob, max_pixels=max_pixels))
        case {"task": Task.CHECK_FILES, "paths": list(paths)}:
            return messages.of_checks(
                [variants.check_file(Path(str(path)), max_pixels=max_pixels) for path in paths]
            )
        case _:
            raise ProtocolError("no task of ours")


def limit_memory(memory_bytes: int) -> None:
    """Bound the private memory of this process, where the system can; leave no core files.

    Not its address space: libraries take far more of that than of memory.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    # macOS knows the limit and does not keep it.
    if sys.platform == "linux":
        _, ceiling = resource.getrlimit(resource.RLIMIT_DATA)
        limit = memory_bytes if ceiling == resource.RLIM_INFINITY else min(memory_bytes, ceiling)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def limit_task(memory_bytes: int) -> None:
    """Bound it further, for the task at hand; the next task may have more again."""
    if sys.platform == "linux":
        _, ceiling = resource.getrlimit(resource.RLIMIT_DATA)
        limit = memory_bytes if ceiling == resource.RLIM_INFINITY else min(memory_bytes, ceiling)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, ceiling))


def limit_pillow(max_pixels: int) -> None:
    """Bound every image that Pillow opens; what we drew ourselves stays within the bound."""
    Image.MAX_IMAGE_PIXELS = max(max_pixels, LONGEST_SIDE**2)
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def _claim_standard_streams() -> tuple[BinaryIO, BinaryIO]:
    """Input and output for messages alone: what a library prints goes to the error stream."""
    tasks, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    return tasks, replies


def _send(replies: BinaryIO, answer: Message) -> None:
    replies.write(answer.pack())
    replies.flush()


def _read_exactly(tasks: BinaryIO, size: int) -> bytes:
    """Raises EOFError when the input ends before."""
    read = tasks.read(size)
    if len(read) < size:
        raise EOFError
    return read


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]))

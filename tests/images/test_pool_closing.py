"""Closing ends the decoders; nothing outlives the process."""

import os
import select
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from harness.decoders import GOOD, new_pool, pids
from harness.image_samples import ENDLESS, decode
from logocache.images.pool import Lane
from logocache.ports import DecodingFailure

pytestmark = pytest.mark.end_to_end


# The end.


def test_closing_ends_the_decoders_and_nothing_is_decoded_afterwards(tmp_path: Path) -> None:
    pool = new_pool()
    decode(pool, GOOD)
    (pid,) = pids(pool)
    pool.close()
    pool.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    for use in (
        lambda: decode(pool, GOOD),
        lambda: list(pool.check_files([tmp_path])),
    ):
        with pytest.raises(RuntimeError, match="closed"):
            use()


def test_closing_waits_for_the_task_under_way_and_turns_away_those_that_wait() -> None:
    pool = new_pool(seconds=0.8)
    decode(pool, GOOD)
    with ThreadPoolExecutor(2) as threads:
        under_way = threads.submit(decode, pool, ENDLESS)
        while not pool._turns._running[Lane.SLOW] and not under_way.done():
            time.sleep(0.005)  # what is waited for has no event of its own
        pool.close()
        assert isinstance(under_way.result(), DecodingFailure)
    assert pids(pool) == []


PARENT = """
import sys
from logocache.images.pool import DecoderPool
pool = DecoderPool(workers=1, max_pixels=10**6, decode_timeout=20, memory_bytes=10**9)
assert "PIL" not in sys.modules and "resvg_py" not in sys.modules, "loading it loads no engine"
pool.normalise(b"<svg/>", deadline=float("inf"))
assert "PIL" not in sys.modules and "resvg_py" not in sys.modules, "nor does decoding"
print(pool._idle[0]._process.pid, flush=True)
"""


def test_importing_the_pool_and_decoding_with_it_load_no_engine_in_this_process() -> None:
    run = subprocess.run(
        [sys.executable, "-c", PARENT + "pool.close()"],
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert run.returncode == 0, run.stderr


@pytest.mark.skipif(not hasattr(os, "pidfd_open"), reason="waits for a process that is no child of its own")
@pytest.mark.parametrize("end", ["sys.exit(0)", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)"])
def test_no_decoder_outlives_a_process_that_did_not_close_its_pool(end: str) -> None:
    program = PARENT + "import os\nsys.stdin.readline()\n" + end
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        decoder = os.pidfd_open(int(parent.stdout.readline()))
        parent.communicate(b"\n", timeout=300)
    try:
        ended, _, _ = select.select([decoder], [], [], 20)
        assert ended
    finally:
        os.close(decoder)


NO_ROOM = """
import os, resource
from concurrent.futures import thread  # loaded while anything can be
from pathlib import Path
from logocache.errors import UnavailableError
from logocache.images.pool import DecoderPool
pool = DecoderPool(workers=2, max_pixels=10**6, decode_timeout=20, memory_bytes=10**9)
if os.getuid() == 0:
    os.setuid(65534)  # root is not bound
resource.setrlimit(resource.RLIMIT_NPROC, (0, 0))
decode = lambda: pool.normalise(b"", deadline=float("inf"))
check = lambda: list(pool.check_files([Path("/a.png")]))
for use in (decode, check):
    try:
        print("never", use())
    except UnavailableError as error:
        print(error)
pool.close()
"""


@pytest.mark.skipif(sys.platform != "linux", reason="other systems bound processes in other ways")
def test_without_a_process_or_a_thread_to_be_had_the_error_says_so() -> None:
    run = subprocess.run(
        [sys.executable, "-c", NO_ROOM], capture_output=True, text=True, timeout=600, check=False
    )
    decoding, checking = run.stdout.splitlines()
    assert decoding.startswith(
        "the image decoder cannot be started (Resource temporarily unavailable): raise"
    )
    assert checking.startswith("this process gets no further thread or process: raise")

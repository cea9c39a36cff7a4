"""Waiting for what another process or another thread does, which no test can tell the time."""

import subprocess
import time
from collections.abc import Callable


def wait_until(
    happened: Callable[[], bool],
    seconds: float,
    what: str,
    process: subprocess.Popen[str] | None = None,
) -> None:
    """Wait, and fail where it takes longer, or where the process that should do it has ended."""
    deadline_s = time.monotonic() + seconds
    while not happened():
        assert process is None or process.poll() is None, (what, process and process.communicate())
        assert time.monotonic() < deadline_s, f"not within {seconds} s: {what}"
        time.sleep(0.01)

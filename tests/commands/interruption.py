"""Presses Ctrl-C while a command runs."""

import signal
import subprocess
import sys
from collections.abc import Callable

from tests.commands.tables import ROOT
from tests.waiting import wait_until


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start a command of `fer-core` that Ctrl-C ends."""
    return subprocess.Popen(
        [sys.executable, "-m", "fer_core", *arguments],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        # A shell that starts the tests in the background has them ignore Ctrl-C.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


def finished(process: subprocess.Popen[str], seconds: float = 60) -> tuple[int, str]:
    """The exit status of a command that is over by then, and what it said beside its output."""
    err = process.communicate(timeout=seconds)[1]
    return process.returncode, err


def press_ctrl_c(
    process: subprocess.Popen[str], once: Callable[[], bool], what: str, seconds: float = 60
) -> None:
    """Interrupt a command once something has happened, and hold its end against the promise."""
    wait_until(once, seconds, what, process)
    process.send_signal(signal.SIGINT)
    code, err = finished(process, seconds)
    assert code == 130, err
    assert err.endswith("Interrupted; go on with --resume.\n")
    assert "Traceback" not in err

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import logging
from serving import logs
for line_format in ("%(levelname)s %(name)s: %(message)s", "twice %(message)s"):
    logs.set_up(line_format)
logging.getLogger("serving.activity").info("an event")
logging.getLogger("serving.activity").debug("a detail")
logging.getLogger("aioice.ice").info("192.0.2.7 has connected")
logging.getLogger("aioice.ice").warning("something is odd")
"""


def test_events_and_what_libraries_warn_of_are_one_line_each() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        "INFO serving.activity: an event",
        "WARNING aioice.ice: something is odd",
    ]

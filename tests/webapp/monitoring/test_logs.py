import subprocess
import sys
from pathlib import Path

PROGRAM = """
import logging
from webapp.monitoring import logs
for line_format in ("%(levelname)s %(name)s: %(message)s", "twice %(message)s"):
    logs.set_up(line_format)
logging.getLogger("webapp.monitoring.activity").info("an event")
logging.getLogger("webapp.monitoring.activity").debug("a detail")
logging.getLogger("aioice.ice").info("192.0.2.7 has connected")
logging.getLogger("aioice.ice").warning("something is odd")
logging.getLogger("streamlit.runtime").warning(
    "Session with id %s is already connected!", "3b241101-e2bb-4255-8caf-4136c566a962"
)
"""


def test_events_and_what_libraries_warn_of_are_one_line_each() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=Path(__file__).resolve().parents[3],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr.splitlines() == [
        "INFO webapp.monitoring.activity: an event",
        "WARNING aioice.ice: something is odd",
        "WARNING streamlit.runtime: Session with id 3b24… is already connected!",
    ]

"""The patches notice when a library has changed; then they leave it as it is and say so once."""

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from webapp.library_names import first_missing, first_unused
from webapp.patches import lean_vp8, prompt_frames, prompt_track, streams


@pytest.mark.parametrize(
    "missing",
    [lean_vp8.missing, prompt_frames.missing, prompt_track.missing],
    ids=["lean_vp8", "prompt_frames", "prompt_track"],
)
def test_the_installed_library_has_what_is_changed(missing: streams.Check) -> None:
    assert missing() == ""


class Library:
    def __init__(self) -> None:
        self._kept = 1


def test_the_first_name_that_is_gone_is_told() -> None:
    missing = first_missing([(Library, ["__init__"]), (Library, ["gone", "too"])])
    assert missing.endswith("Library.gone")
    assert first_unused(Library, ["_kept"]) == ""
    assert first_unused(Library, ["_gone"]).endswith("Library._gone")


def test_where_a_name_is_gone_the_library_stays_and_one_line_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    changed: list[str] = []
    checks = (
        (lambda: "aiortc.gone", lambda: changed.append("broken")),
        (lambda: "", lambda: changed.append("whole")),
    )
    monkeypatch.setattr(streams, "PATCHES", checks)
    monkeypatch.setattr(streams, "_said", set())
    with caplog.at_level(logging.WARNING):
        streams.apply()
        streams.apply()
    assert changed == ["whole", "whole"]
    assert caplog.messages == ["aiortc.gone is gone: the library is left as it is"]


def test_a_server_that_starts_does_not_import_the_live_component() -> None:
    program = "import sys, webapp.serving.start; sys.exit('streamlit_webrtc' in sys.modules)"
    root = Path(__file__).parents[3]
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True)
    assert done.returncode == 0, "its browser would be answered 404 in place of the component"

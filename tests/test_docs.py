"""The tutorial's commands, run in its order on a small table."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request
from itertools import pairwise
from pathlib import Path

import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from fer_core.__main__ import main
from fer_core.commands.predict import SOME_UNREADABLE
from fer_core.emotions import FER2013_EMOTIONS
from fer_core.faces import Doubt
from fer_core.reports import columns
from parts.departed import EVERY_S
from tests.conftest import takes_long
from tests.e2e.conftest import free_port
from tests.faces import astronaut, grace_hopper_jpeg
from tests.fer2013 import rows, write_table
from tests.videos import moving_portrait, video_bytes

ROOT = Path(__file__).resolve().parents[1]
TUTORIAL = (ROOT / "docs" / "training.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
PREDICT = (ROOT / "docs" / "predict.md").read_text(encoding="utf-8")


def commands_in(page: str) -> list[str]:
    """The lines of its blocks of commands."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


COMMANDS = commands_in(TUTORIAL)
PATIENCE_S = 240


class Workplace:
    """A copy of the code beside a small table, in which commands run as a reader types them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("fer_core", "pages", "parts", "serving", ".streamlit"):
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        for path in ROOT.glob("*.py"):
            shutil.copy(path, folder)
        write_table(folder / "fer2013.csv", rows(70, 14, 14))
        self.port = free_port()
        bin_folder = Path(sys.executable).parent
        self.environ = os.environ | {
            "PATH": f"{bin_folder}{os.pathsep}{os.environ['PATH']}",
            "STREAMLIT_SERVER_PORT": str(self.port),
            "STREAMLIT_SERVER_HEADLESS": "true",
        }

    def start(self, command: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["bash", "-c", command],
            cwd=self.folder,
            env=self.environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            # A shell that starts the tests in the background has them ignore Ctrl-C.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def run(self, command: str) -> str:
        process = self.start(command)
        output = process.communicate(timeout=PATIENCE_S)[0]
        assert process.returncode == 0, f"{command}\n{output}"
        return output

    def interrupt(self, command: str) -> str:
        """Run a training and press Ctrl-C once its first epoch is over."""
        history = self.folder / command.split("--output ")[1].split()[0] / "history.csv"
        process = self.start(command)
        deadline_s = time.monotonic() + PATIENCE_S
        while not (history.exists() and len(history.read_text().splitlines()) > 1):
            assert process.poll() is None, f"{command}\n{process.communicate()[0]}"
            assert time.monotonic() < deadline_s, command
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        output = process.communicate(timeout=PATIENCE_S)[0]
        assert process.returncode == 130, f"{command}\n{output}"
        return output

    def serve(self, command: str) -> str:
        """Start the app, ask whether it is well, and end it."""
        process = self.start(command)
        deadline_s = time.monotonic() + PATIENCE_S
        while not self._healthy():
            assert process.poll() is None, f"{command}\n{process.communicate()[0]}"
            assert time.monotonic() < deadline_s, command
            time.sleep(0.2)
        os.killpg(process.pid, signal.SIGTERM)
        return process.communicate(timeout=PATIENCE_S)[0]

    def _healthy(self) -> bool:
        try:
            url = f"http://localhost:{self.port}/_stcore/health"
            with urllib.request.urlopen(url, timeout=1) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


def test_every_block_of_the_tutorial_is_of_commands_and_every_line_one_command() -> None:
    assert TUTORIAL.count("```") == 2 * TUTORIAL.count("```sh\n")
    assert len(COMMANDS) >= 10
    for command in COMMANDS:
        assert re.match(r"(FER_MODEL=\w+ )?(python -m fer_core|streamlit|head) ", command)
        assert not command.endswith("\\")


@pytest.mark.parametrize(
    "name", sorted(set(re.findall(r"python -m fer_core (\w+)", TUTORIAL)) | {"train"})
)
def test_every_command_that_the_tutorial_names_is_there(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main([name, "--help"])
    assert caught.value.code == 0


def test_the_tutorial_leads_to_headings_and_files_that_are_there() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.*)$", readme, re.MULTILINE)
    anchors = {heading.lower().replace(" ", "-") for heading in headings}
    targets = re.findall(r"\]\(\.\./README\.md#([^)]+)\)", TUTORIAL)
    assert targets
    assert set(targets) <= anchors


@takes_long
@pytest.mark.timeout(1800)
def test_every_command_of_the_tutorial_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workplace = Workplace(tmp_path)
    for command, after in pairwise([*COMMANDS, ""]):
        if after == f"{command} --resume":
            output = workplace.interrupt(command)
        elif "streamlit run" in command:
            output = workplace.serve(command)
        else:
            output = workplace.run(command)
        assert "Traceback" not in output, f"{command}\n{output}"

    assert len((tmp_path / "models/mine/history.csv").read_text().splitlines()) == 1 + 20
    monkeypatch.setenv("FER_MODEL", str(tmp_path / "models" / "mine"))
    app = AppTest.from_file(ROOT / "app.py", default_timeout=60).run()
    app.switch_page("pages/model.py").run()
    assert not app.exception
    assert "mine (set by FER_MODEL)" in app.selectbox[0].options
    published, leak_free, _ = app.metric
    assert published.value.endswith(" %")
    assert leak_free.value.endswith(" %")


def test_every_command_for_photos_and_videos_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "photos" / "lake").mkdir(parents=True)
    Image.fromarray(astronaut()).save(tmp_path / "photos" / "portrait.png")
    (tmp_path / "photos" / "lake" / "a.jpg").write_bytes(grace_hopper_jpeg())
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "clip.mp4").write_bytes(video_bytes(moving_portrait(5)))
    monkeypatch.chdir(tmp_path)
    for command in commands_in(PREDICT):
        python, _, module, *arguments = shlex.split(command)
        assert (python, module) == ("python", "fer_core")
        assert main(arguments) == 0, command
    assert (tmp_path / "annotated" / "lake" / "a.jpg.png").is_file()


@pytest.mark.parametrize("page", [README, PREDICT], ids=["README", "predict"])
def test_the_python_example_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "photo.jpg").write_bytes(grace_hopper_jpeg())
    (tmp_path / "films").mkdir()
    for clip in ("clip.mp4", "films/clip.mp4"):
        (tmp_path / clip).write_bytes(video_bytes(moving_portrait(5)))
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    exec(compile(example, "example", "exec"), {})
    last_line = capsys.readouterr().out.splitlines()[-1]
    assert re.match(r"0\.4 1 \w+$|Face 1: 0\.\d s, \d+% \w+$", last_line)


def test_every_column_is_documented_once_and_in_its_place() -> None:
    table = PREDICT.split("## Columns")[1]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    documented = re.findall(r"`(\w+)`", " ".join(first_cells))
    assert documented == columns(FER2013_EMOTIONS)


def test_every_exit_code_and_doubt_is_documented() -> None:
    assert f"| {SOME_UNREADABLE} | some files could not be read" in PREDICT
    for doubt in Doubt:
        assert f"`{doubt}`" in PREDICT


@pytest.mark.parametrize("page", ["README.md", "docs/privacy.md", "docs/live.md"])
def test_how_long_the_server_keeps_what_a_closed_tab_left_is_said(page: str) -> None:
    least_s = st.get_option("server.disconnectedSessionTTL")
    said = f"{least_s / 60:g} to {(least_s + EVERY_S) / 60:g} minutes"
    assert said in " ".join((ROOT / page).read_text(encoding="utf-8").split())

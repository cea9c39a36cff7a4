"""The tutorial's commands, run in its order on a small table."""

import ast
import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import streamlit as st
from PIL import Image
from streamlit.testing.v1 import AppTest

from fer_core.__main__ import main
from fer_core.commands.predict import SOME_LEFT_OUT
from fer_core.emotions import FER2013_EMOTIONS
from fer_core.faces import Doubt
from fer_core.reports.rows import columns
from tests.conftest import takes_long
from tests.e2e.conftest import free_port
from tests.faces import astronaut, grace_hopper_jpeg
from tests.fer2013 import rows, write_table
from tests.videos import moving_portrait, video_bytes
from tests.waiting import wait_until
from webapp.patches.departed import EVERY_S

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
        for name in ("fer_core", "pages", "static", "webapp", ".streamlit"):
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
        wait_until(
            lambda: history.exists() and len(history.read_text().splitlines()) > 1,
            PATIENCE_S,
            command,
            process,
        )
        os.killpg(process.pid, signal.SIGINT)
        output = process.communicate(timeout=PATIENCE_S)[0]
        assert process.returncode == 130, f"{command}\n{output}"
        return output

    def serve(self, command: str) -> str:
        """Start the app, ask whether it is well, and end it."""
        process = self.start(command)
        wait_until(self._healthy, PATIENCE_S, command, process)
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
    app.switch_page("pages/models.py").run()
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
        words, _, source = command.partition(" > ")[0].partition(" < ")
        if source:
            content = io.BytesIO((tmp_path / source).read_bytes())
            monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(content))
        python, _, module, *arguments = shlex.split(words)
        assert (python, module) == ("python", "fer_core")
        assert main(arguments) == 0, command
    assert (tmp_path / "annotated" / "lake" / "a.jpg.png").is_file()


@pytest.mark.parametrize("page", [README, PREDICT], ids=["README", "predict"])
def test_the_python_example_runs(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "films").mkdir()
    (tmp_path / "photos").mkdir()
    for photo in ("photo.jpg", "photos/portrait.png"):
        (tmp_path / photo).write_bytes(grace_hopper_jpeg())
    for clip in ("clip.mp4", "films/clip.mp4"):
        (tmp_path / clip).write_bytes(video_bytes(moving_portrait(5)))
    monkeypatch.chdir(tmp_path)
    (example,) = re.findall(r"^```python\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    exec(compile(example, "example", "exec"), {})
    last_line = capsys.readouterr().out.splitlines()[-1]
    assert re.match(r"Face 1: 0\.\d s, mostly \w+$|films/clip\.mp4 \w+ None$", last_line)


def test_every_column_is_documented_once_and_in_its_place() -> None:
    table = PREDICT.split("## Columns")[1]
    first_cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    documented = re.findall(r"`(\w+)`", " ".join(first_cells))
    assert documented == columns(FER2013_EMOTIONS)


def test_every_exit_code_and_doubt_is_documented() -> None:
    assert f"| {SOME_LEFT_OUT} | some files or folders could not be read" in PREDICT
    for doubt in Doubt:
        assert f"`{doubt}`" in PREDICT


@pytest.mark.parametrize("page", ["README.md", "docs/privacy.md", "docs/live.md"])
def test_how_long_the_server_keeps_what_a_closed_tab_left_is_said(page: str) -> None:
    least_s = st.get_option("server.disconnectedSessionTTL")
    said = f"{least_s / 60:g} to {(least_s + EVERY_S) / 60:g} minutes"
    assert said in " ".join((ROOT / page).read_text(encoding="utf-8").split())


def test_the_messages_that_the_table_of_troubles_explains_are_those_of_the_app() -> None:
    page = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
    rows = page.split("## What is wrong when")[1].splitlines()
    said = {text for row in rows if row.startswith("|") for text in quoted(row.split("|")[1])}
    source = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("webapp/**/*.py"))
    assert said == {text for text in said if text in source}
    assert len(said) > 4


def quoted(text: str) -> list[str]:
    return re.findall(r'"([^"]+)"', text)


def docstrings(path: Path) -> Iterator[str]:
    """All texts of a module that stand alone, those below constants among them."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield str(node.value.value)


@pytest.mark.parametrize(
    "folder", ["fer_core", "webapp", "pages", "benchmarks", "docs", "tests", "."]
)
def test_a_docstring_says_what_a_thing_is_and_begins_with_no_question(folder: str) -> None:
    paths = ROOT.glob("*.py") if folder == "." else (ROOT / folder).rglob("*.py")
    question = re.compile(r"\s*(What|How|Whether|Where|When|Why|Who|Which)\b")
    found = [f"{path}: {text[:60]}" for path in paths for text in docstrings(path)]
    assert [text for text in found if question.match(text.partition(": ")[2])] == []

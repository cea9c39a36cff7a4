"""The wheel, unpacked where nothing of the repository is: it brings its model and the web app."""

import os
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
from PIL import Image

import fer_core
from fer_core.classification import DEFAULT_MODEL, SERVED_FILE
from fer_core.classification.model_store import WEIGHTS_TERMS
from tests.e2e.conftest import free_port
from tests.faces import astronaut
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[1]
MAX_BYTES = 15_000_000

BUILD = "import sys; from setuptools.build_meta import build_wheel; build_wheel(sys.argv[1])"

OPEN_APP = """
import sys
import streamlit_webrtc.component
from streamlit.testing.v1 import AppTest
from fer_core.commands.app import app_file
streamlit_webrtc.component.get_this_session_info = lambda: None  # a browser's, which AppTest lacks
sys.path.insert(0, str(app_file().parent))
app = AppTest.from_file(app_file().with_name("app.py"), default_timeout=120).run()
assert not app.exception, app.exception
print(app_file())
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of a copy of the files that git knows, as building leaves files of its own."""
    folder = tmp_path_factory.mktemp("wheel")
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
    for name in filter(None, listed.split("\0")):
        if not (ROOT / name).is_file() or name.startswith(("tests/", "docs/", "benchmarks/")):
            continue
        (folder / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, folder / "source" / name)
    run([sys.executable, "-c", BUILD, str(folder)], folder / "source")
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path) -> Path:
    """A folder with what the wheel holds."""
    folder = wheel.parent / "installed"
    with zipfile.ZipFile(wheel) as packed:
        packed.extractall(folder)
    return folder


def run(command: list[str], folder: Path, **env: str) -> str:
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **env}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_small_and_holds_one_model_whole(wheel: Path, installed: Path) -> None:
    assert wheel.stat().st_size <= MAX_BYTES
    models = installed / "fer_core" / "models"
    files = {str(path.relative_to(models)) for path in models.rglob("*") if path.is_file()}
    assert files == {"LICENSE", f"{DEFAULT_MODEL}/card.json", f"{DEFAULT_MODEL}/{SERVED_FILE}"}
    tops = {path.name for path in installed.iterdir()}
    assert tops == {"fer_core", f"fer_core-{fer_core.__version__}.dist-info"}


def test_its_metadata_name_the_terms_the_command_and_the_types(installed: Path) -> None:
    (info,) = installed.glob("*.dist-info")
    said = Parser().parsestr((info / "METADATA").read_text(encoding="utf-8"))
    assert said["Version"] == fer_core.__version__
    assert said["License-Expression"].startswith("MIT AND LicenseRef-research-and-non-commercial")
    assert said.get_all("License-File") == ["LICENSE", "models/LICENSE"]
    assert "fer-core = fer_core.__main__:main" in (info / "entry_points.txt").read_text()
    assert (installed / "fer_core" / "py.typed").is_file()


def test_it_analyzes_a_photo_alone(installed: Path, tmp_path: Path) -> None:
    Image.fromarray(astronaut()).save(tmp_path / "a.png")
    command = [sys.executable, "-m", "fer_core"]
    said = run([*command, "predict", "a.png"], tmp_path, PYTHONPATH=str(installed))
    assert said.startswith("a.png: 1 face: happy")
    said = run([*command, "models"], tmp_path, PYTHONPATH=str(installed))
    assert said.startswith(f"{DEFAULT_MODEL}: ")
    assert WEIGHTS_TERMS in said


def test_its_web_app_opens_alone(installed: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-W", "ignore", "-c", OPEN_APP]
    said = run(command, tmp_path, PYTHONPATH=str(installed))
    assert said.strip() == str(installed / "fer_core" / "app" / "serve.py")


def test_its_server_starts_alone(installed: Path, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "fer_core", "app", "--port", str(port)]
    env = {**os.environ, "PYTHONPATH": str(installed), "STREAMLIT_SERVER_HEADLESS": "true"}

    def is_ready() -> bool:
        try:
            with urllib.request.urlopen(f"http://localhost:{port}/ready", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    with subprocess.Popen(
        command,
        cwd=tmp_path,
        env=env,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as server:
        try:
            wait_until(is_ready, 120, "the app is ready", server)
        finally:
            server.terminate()
            said = server.communicate(timeout=60)[0]
    assert "Traceback" not in said

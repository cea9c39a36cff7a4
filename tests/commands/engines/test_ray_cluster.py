"""The command `predict` on a Ray cluster: without one in most tests, on a real one in the last."""

import gc
import importlib.util
import json
import os
import pickle
import shutil
import signal
import subprocess
import sys
import warnings
from collections.abc import Generator, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from fer_core.__main__ import main
from fer_core.analysis import EmotionAnalyzer
from fer_core.classification.model_store import DEFAULT_MODEL
from fer_core.commands.copies import Copies
from fer_core.commands.engines import ray_cluster
from fer_core.commands.engines.file_work import FileWork
from fer_core.commands.predict import SOME_LEFT_OUT
from fer_core.detection.yunet import YuNetFaceDetector
from fer_core.errors import ClusterError
from fer_core.reports.rows import PredictionSource
from tests.commands.interruption import finished, press_ctrl_c, start
from tests.conftest import takes_long
from tests.faces import astronaut, grace_hopper_jpeg, plain, two_astronauts
from tests.tiny_yunet import write_yunet
from tests.videos import moving_portrait, video_bytes
from tests.waiting import wait_until

ROOT = Path(__file__).resolve().parents[3]
NEEDS_RAY = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None and not os.environ.get("CI"),
    reason="needs Ray: pip install -r requirements-ray.txt",
)
PATIENCE_S = 180
"""After twice this a test ends its process: a signal does not reach Python from inside Ray."""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with photos, a broken one, a video and an odd name."""
    monkeypatch.chdir(tmp_path)
    files = tmp_path / "files"
    files.mkdir()
    (files / "broken.jpg").write_bytes(grace_hopper_jpeg()[:300])
    (files / "clip.mov").write_bytes(video_bytes(moving_portrait(8), "mov", audio=True))
    (files / os.fsdecode(b"hopper\xff.jpg")).write_bytes(grace_hopper_jpeg())
    Image.fromarray(two_astronauts()).save(files / "two.png")
    Image.fromarray(plain(90, 60)).save(files / "wall.gif")
    return files


def task_of(source: PredictionSource, detector: Path | None = None) -> bytes:
    return pickle.dumps((source, DEFAULT_MODEL, detector, FileWork(None, 5.0)))


def answer(task: bytes, file: Path) -> Any:
    return pickle.loads(ray_cluster.report_bytes(task, file))


def test_without_ray_there_is_one_sentence(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["predict", "files", "--csv", "o.csv", "--engine", "ray"]) == 2
    sentence = '--engine ray needs Ray: install fer-core with its extra "ray".\n'
    assert capsys.readouterr() == ("", sentence)
    assert not Path("o.csv").exists()


def test_a_machine_with_another_network_is_refused(folder: Path, analyzer: EmotionAnalyzer) -> None:
    source = replace(PredictionSource.of(analyzer), model_version="another")
    error = answer(task_of(source), folder / "two.png")
    assert isinstance(error, ClusterError)
    assert "another model called" in str(error)


def test_a_machine_with_another_detector_is_refused(
    folder: Path, analyzer: EmotionAnalyzer
) -> None:
    write_yunet(folder / "faces.onnx")
    there = YuNetFaceDetector(folder / "faces.onnx").name
    source = replace(PredictionSource.of(analyzer), detector="yunet 0123456789ab")
    error = answer(task_of(source, folder / "faces.onnx"), folder / "two.png")
    assert isinstance(error, ClusterError)
    sentence = "A machine of the cluster has another face detector: {}, not yunet 0123456789ab."
    assert str(error) == sentence.format(there)


def test_what_ends_a_local_run_comes_back(folder: Path, analyzer: EmotionAnalyzer) -> None:
    copies = Copies(Path("/dev/null"), folder, folder / "parts")
    task = (PredictionSource.of(analyzer), DEFAULT_MODEL, None, FileWork(copies, 5.0))
    error = answer(pickle.dumps(task), folder / "two.png")
    assert isinstance(error, OSError)
    assert error.filename.startswith("/dev/null")


def test_files_that_no_process_survives_are_a_row_each(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def results(task: bytes, files: list[Path], jobs: int | None) -> Generator[bytes | None]:
        for file in files:
            lost = file.name in ("broken.jpg", "clip.mov", "wall.gif")
            yield None if lost else ray_cluster.report_bytes(task, file.absolute())

    monkeypatch.setattr(ray_cluster, "need_ray", lambda: None)
    monkeypatch.setattr(ray_cluster, "_cluster", lambda jobs: nullcontext())
    monkeypatch.setattr(ray_cluster, "_results", results)
    monkeypatch.setattr("fer_core.commands.predict.need_ray", lambda: None)
    assert main(["predict", "files", "--json", "o.json", "--engine", "ray"]) == SOME_LEFT_OUT
    rows = json.loads(Path("o.json").read_text(encoding="utf-8"))
    lost = "4 processes, one after another, ended while they read the file."
    assert [(row["file"], row["problem"]) for row in rows] == [
        ("files/broken.jpg", lost),
        ("files/clip.mov", lost),
        (r"files/hopper\udcff.jpg", None),
        ("files/two.png", None),
        ("files/two.png", None),
        ("files/wall.gif", lost),
    ]
    assert f"files/clip.mov: {lost}" in capsys.readouterr().err


# --- on a cluster of a node with a worker, and of a second one later ---

POISON = """
import os, sys

def end_at_poison(event, args):
    if event == "open" and str(args[0]).endswith("poison.png"):
        os._exit(1)

sys.addaudithook(end_at_poison)
"""
"""Ends every process of the cluster that opens a certain file."""


class Cluster:
    """A head with a worker, on this machine, that a second node with another may join."""

    def __init__(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what Ray's own modules do is not looked at here
            from ray.cluster_utils import Cluster as RayCluster

            self._cluster = RayCluster()
            self.head = self._cluster.add_node(include_dashboard=False)
        self._folder = Path(self.head.get_session_dir_path())

    def start_run(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start `predict` on this cluster."""
        return subprocess.Popen(
            [sys.executable, "-m", "fer_core", "predict", *arguments, "--engine", "ray"],
            cwd=ROOT,
            env=os.environ | {"RAY_ADDRESS": self._cluster.address, "PYTHONPATH": ""},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )

    def add_node(self) -> Any:
        """A second node; a command that starts later may choose it for its own, and end with it."""
        return self._cluster.add_node()

    def works(self, node: Any) -> bool:
        """True while a process of a node analyzes a file."""
        raylet = node.all_processes["raylet"][0].process.pid
        return any(b"analyze" in _command(pid) for pid in _descendants(raylet))

    def kill(self, node: Any) -> None:
        """End a node as a power cut would."""
        self._cluster.remove_node(node, allow_graceful=False)

    def close(self) -> None:
        """End everything and delete what Ray wrote."""
        self._cluster.shutdown()
        del self._cluster, self.head
        gc.collect()  # what Ray left open is noticed here and not in a later test
        shutil.rmtree(self._folder, ignore_errors=True)


def _command(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _descendants(pid: int) -> list[int]:
    parents: dict[int, list[int]] = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(status.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        parents.setdefault(parent, []).append(int(status.parent.name))
    found = parents.get(pid, [])
    return [*found, *(below for child in found for below in _descendants(child))]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cluster]:
    (tmp_path / "poison").mkdir()
    (tmp_path / "poison" / "sitecustomize.py").write_text(POISON)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "poison"))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    running = Cluster()
    yield running
    running.close()


@takes_long
@NEEDS_RAY
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # Ray leaves /dev/null open
@pytest.mark.timeout(2 * PATIENCE_S, method="thread")
def test_a_lost_machine_loses_nothing_and_the_rows_are_those_of_a_local_run(
    folder: Path, cluster: Cluster
) -> None:
    for number in range(60):
        Image.fromarray(astronaut()).save(folder / f"{number:02}.png")
    paths = [str(folder.absolute()), "--csv", "local.csv", "--json", "local.json"]
    assert main(["predict", *paths, "--annotated", "local"]) == SOME_LEFT_OUT
    shutil.copy(folder / "two.png", folder / "poison.png")

    of_ray = [str(folder.parent / name) for name in ("ray.csv", "ray.json", "ray")]
    options = ["--csv", of_ray[0], "--json", of_ray[1], "--annotated", of_ray[2]]
    process = cluster.start_run(str(folder.absolute()), *options)
    table = Path(of_ray[0])
    wait_until(lambda: cluster.works(cluster.head), PATIENCE_S, "the head works", process)
    node = cluster.add_node()
    wait_until(lambda: cluster.works(node), PATIENCE_S, "the node works", process)
    wait_until(
        lambda: table.exists() and b"00.png" in table.read_bytes(), PATIENCE_S, "a row", process
    )
    n_before = table.read_bytes().count(b"\n")
    cluster.kill(node)
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == SOME_LEFT_OUT, err
    assert 0 < n_before < 60
    assert "Traceback" not in err

    rows = json.loads(Path(of_ray[1]).read_text(encoding="utf-8"))
    (poison,) = (row for row in rows if row["file"].endswith("poison.png"))
    assert poison["problem"] == ray_cluster.LOST
    rows.remove(poison)
    assert rows == json.loads(Path("local.json").read_text(encoding="utf-8"))
    lines = Path(of_ray[0]).read_bytes().splitlines()
    assert [line for line in lines if b"poison" not in line] == (
        Path("local.csv").read_bytes().splitlines()
    )
    drawn = {path.name for path in Path(of_ray[2]).iterdir()}
    assert drawn == {path.name for path in Path("local").iterdir()}


@takes_long
@NEEDS_RAY
@pytest.mark.timeout(2 * PATIENCE_S, method="thread")
def test_ctrl_c_leaves_whole_rows_and_nothing_else_and_the_run_can_go_on(folder: Path) -> None:
    """On a cluster of its own, which is gone afterwards."""
    for number in range(40):
        Image.fromarray(astronaut()).save(folder / f"{number:02}.png")
    table = folder.parent / "o.json"
    command = ["predict", str(folder), "--json", str(table), "--engine", "ray", "--jobs", "2"]
    temporary = set(Path("/tmp").glob("fer-*"))
    press_ctrl_c(
        start(*command),
        lambda: table.exists() and b"03.png" in table.read_bytes(),
        "a row",
        PATIENCE_S,
    )
    assert 3 < len(json.loads(table.read_text())) < 40
    code, err = finished(start(*command, "--resume"), PATIENCE_S)
    assert code == SOME_LEFT_OUT, err
    rows = json.loads(table.read_text(encoding="utf-8"))
    assert len({row["file"] for row in rows}) == 45
    assert set(Path("/tmp").glob("fer-*")) <= temporary

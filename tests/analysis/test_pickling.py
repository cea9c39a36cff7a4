"""Analyzers that are handed to other processes."""

import multiprocessing
import os
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from types import ModuleType

import pytest

from fer_core.analysis import EmotionAnalyzer, PhotoFaces, load_analyzer
from fer_core.classification import MODELS_DIR, EmotionClassifier
from fer_core.classification.classifier import _load_again
from fer_core.detection import HaarFaceDetector, YuNetFaceDetector
from fer_core.errors import ModelError
from fer_core.pool import once_a_process
from tests.faces import astronaut, happy_if_white
from tests.tiny_yunet import write_yunet


def test_a_copy_finds_and_says_the_same(analyzer: EmotionAnalyzer) -> None:
    content = pickle.dumps(analyzer)
    copy = pickle.loads(content)
    assert copy.analyze(astronaut()) == analyzer.analyze(astronaut())
    assert len(content) < 1000  # its model's name, and no weights


def test_all_copies_in_a_process_share_what_is_large(analyzer: EmotionAnalyzer) -> None:
    first, second = (pickle.loads(pickle.dumps(analyzer)) for _ in range(2))
    assert first.classifier is second.classifier
    assert first.detector is second.detector


def test_the_settings_of_a_detector_travel() -> None:
    detector = HaarFaceDetector(scale_factor=1.3, min_neighbors=2, max_area_px=320 * 240)
    assert pickle.loads(pickle.dumps(detector)).__reduce__() == detector.__reduce__()


def test_a_yunet_is_pickled_by_its_file(tmp_path: Path) -> None:
    file = tmp_path / "tiny.onnx"
    write_yunet(file)
    detector = YuNetFaceDetector(file)
    assert pickle.loads(pickle.dumps(detector)).name == detector.name


def test_a_model_elsewhere_is_pickled_by_its_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = load_analyzer().classifier
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in ("card.json", "model.tflite"):
        (folder / name).symlink_to(MODELS_DIR / named.card.name / name)
    monkeypatch.chdir(tmp_path)
    content = pickle.dumps(EmotionClassifier.load("mine"))
    monkeypatch.chdir("/")
    assert pickle.loads(content).version == named.version


def test_a_network_of_ones_own_cannot_be_pickled_and_says_so() -> None:
    with pytest.raises(TypeError, match=r"EmotionClassifier\.load gave.*Received"):
        pickle.dumps(happy_if_white())


def test_another_model_of_the_same_name_is_not_taken_for_it() -> None:
    name = load_analyzer().classifier.card.name
    with pytest.raises(ModelError, match=r"another one here: version .*, not 0123"):
        _load_again(name, "litert", "0123")


def _process_id() -> int:
    return once_a_process(os.getpid)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="no fork here")
def test_a_forked_process_makes_its_own() -> None:
    before = _process_id()
    with multiprocessing.get_context("fork").Pool(1) as pool:
        assert pool.apply(_process_id) != before
    assert _process_id() == before


def test_a_pool_of_processes_shares_the_work(
    analyzer: EmotionAnalyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Tests of pages leave a page as the main module, which each process would run.
    monkeypatch.setitem(sys.modules, "__main__", ModuleType("__main__"))
    work = partial(EmotionAnalyzer.analyze, analyzer)
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(1, context) as pool:  # one that cannot read its task says so
        faces = pool.submit(work, astronaut()).result(timeout=60)
    assert isinstance(faces, PhotoFaces)
    assert faces == analyzer.analyze(astronaut())

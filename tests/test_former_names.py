"""Names that scripts of the release before may use: they work, and say what to use instead."""

import importlib
from collections.abc import Callable

import pytest

from fer_core.emotions import FER2013_EMOTIONS
from fer_core.timeline import Timeline
from fer_core.video import VideoFile
from tests.faces import face_emotion


@pytest.mark.parametrize(
    ("former", "now", "name"),
    [
        ("fer_core.model_store", "fer_core.classification.model_store", "find_model"),
        ("fer_core.training.datasets", "fer_core.training.data.datasets", "load_dataset"),
    ],
)
def test_a_module_is_found_where_it_was(former: str, now: str, name: str) -> None:
    sentence = f"{former} is now {now}"
    with pytest.warns(DeprecationWarning, match=sentence):
        module = importlib.reload(importlib.import_module(former))
    assert getattr(module, name) is getattr(importlib.import_module(now), name)


@pytest.mark.parametrize(
    ("former", "now", "sentence"),
    [
        (
            lambda: face_emotion((0, 0, 9, 9)).answer,
            lambda: face_emotion((0, 0, 9, 9)).label,
            "FaceEmotion.answer is now label",
        ),
        (
            lambda: face_emotion((0, 0, 9, 9)).named_emotion,
            lambda: face_emotion((0, 0, 9, 9)).shown_emotion,
            "FaceEmotion.named_emotion is now shown_emotion",
        ),
        (
            lambda: list(Timeline(FER2013_EMOTIONS, 5.0).pictures()),
            lambda: list(Timeline(FER2013_EMOTIONS, 5.0).frames()),
            "Timeline.pictures is now frames",
        ),
    ],
)
def test_a_result_has_its_former_name(
    former: Callable[[], object], now: Callable[[], object], sentence: str
) -> None:
    with pytest.warns(DeprecationWarning, match=sentence):
        found = former()
    assert found == now()


def test_a_video_has_its_former_name_for_a_frame() -> None:
    assert VideoFile.picture_at is VideoFile.frame_at

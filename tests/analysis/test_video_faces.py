import pickle
from pathlib import Path

import pytest

import fer_core
from fer_core.analysis import EmotionAnalyzer, VideoFaces
from fer_core.errors import VideoDecodeError
from tests.videos import moving_portrait, video_bytes


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    path.write_bytes(video_bytes(moving_portrait(10), fps=5))
    return path


@pytest.fixture(scope="module")
def faces(analyzer: EmotionAnalyzer, clip: Path) -> VideoFaces:
    return analyzer.analyze_video(str(clip), rate=5)


def test_one_call_gives_what_frame_by_frame_does(
    analyzer: EmotionAnalyzer, clip: Path, faces: VideoFaces
) -> None:
    timeline = fer_core.Timeline(analyzer.classifier.labels, 5)
    for sample in fer_core.analyze_video(analyzer, fer_core.open_video(clip), 5):
        timeline.add(sample)
    assert isinstance(faces, fer_core.Timeline)
    assert list(faces.frames()) == list(timeline.frames())
    assert (faces.summary(), faces.tracks()) == (timeline.summary(), timeline.tracks())
    assert faces.problem == ""


def test_its_rows_are_those_of_the_command_line(
    analyzer: EmotionAnalyzer, clip: Path, faces: VideoFaces
) -> None:
    assert faces.to_dict() == list(fer_core.analyze_files(analyzer, clip))
    table = faces.to_pandas()
    assert len(table) == faces.n_faces > 0
    assert table["track"].unique().tolist() == [1]


def test_it_is_pickled_with_all_that_it_says(faces: VideoFaces) -> None:
    copy = pickle.loads(pickle.dumps(faces))
    assert (copy.to_dict(), repr(copy)) == (faces.to_dict(), repr(faces))


def test_its_repr_is_short(clip: Path, faces: VideoFaces) -> None:
    assert repr(faces).startswith(f"<{clip}: 2.0 s, 1 face, ")


def test_the_content_of_a_file_is_taken_too(
    analyzer: EmotionAnalyzer, clip: Path, faces: VideoFaces
) -> None:
    again = analyzer.analyze_video(clip.read_bytes())
    assert list(again.frames()) == list(faces.frames())
    assert again.file is None


def test_a_missing_video_is_named(analyzer: EmotionAnalyzer, tmp_path: Path) -> None:
    with pytest.raises(VideoDecodeError, match=r"no\.mp4: The file cannot be opened"):
        analyzer.analyze_video(tmp_path / "no.mp4")


def test_what_is_no_video_is_a_type_error(analyzer: EmotionAnalyzer) -> None:
    with pytest.raises(TypeError, match=r"a path or bytes\. Received: NoneType"):
        analyzer.analyze_video(None)  # type: ignore[arg-type]

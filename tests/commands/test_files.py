from pathlib import Path

import cv2
import pytest
from PIL import Image

from fer_core.analysis import EmotionAnalyzer
from fer_core.commands.files import analyze_files
from fer_core.errors import InputError
from tests.faces import SquareDetector, happy_if_white, squares

ANALYZER = EmotionAnalyzer(SquareDetector(), happy_if_white())


def test_a_folder_gives_a_row_a_face_and_one_for_each_other_file(tmp_path: Path) -> None:
    Image.fromarray(squares(200, 100, (10, 10, 50, 50), (80, 10, 120, 50))).save(tmp_path / "a.png")
    Image.fromarray(squares(200, 100)).save(tmp_path / "b.png")
    (tmp_path / "c.png").write_bytes(b"")
    table = list(analyze_files(ANALYZER, tmp_path))
    assert [(row["file"], row["n_faces"], row["problem"]) for row in table] == [
        (str(tmp_path / "a.png"), 2, None),
        (str(tmp_path / "a.png"), 2, None),
        (str(tmp_path / "b.png"), 0, "No face found."),
        (str(tmp_path / "c.png"), 0, "The file is empty."),
    ]
    assert list(analyze_files(ANALYZER, [str(tmp_path / "*.png")], jobs=1)) == table


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.png does not exist"):
        next(analyze_files(ANALYZER, tmp_path / "no.png"))


def test_opencv_has_its_threads_again_after_runs_that_crossed(
    analyzer: EmotionAnalyzer, folder: Path
) -> None:
    before = cv2.getNumThreads()
    first, second = (analyze_files(analyzer, [folder]) for _ in range(2))
    next(iter(first))
    next(iter(second))
    for run in (first, second):
        run.close()  # type: ignore[attr-defined]
    assert cv2.getNumThreads() == before


def test_no_files_at_all_are_refused(analyzer: EmotionAnalyzer) -> None:
    with pytest.raises(InputError, match="was named"):
        list(analyze_files(analyzer, []))

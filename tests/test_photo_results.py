import io
import json
import zipfile

import numpy as np
from PIL import Image

from fer_core.analysis import EmotionAnalyzer
from parts.photo_results import (
    PICTURE_SIDE_PX,
    Photo,
    analyze,
    annotated_zip,
    explain,
    found_faces,
    table_json,
)
from tests.faces import astronaut, file_bytes, plain


def portrait(name: str) -> Photo:
    return Photo(name, name, file_bytes(Image.fromarray(astronaut()), "PNG"))


def test_the_archive_holds_a_picture_of_each_photo_under_a_harmless_name_of_its_own(
    analyzer: EmotionAnalyzer,
) -> None:
    names = ["a.png", "a.jpg", "A.gif", "../../a-emotions-2.png", "..", "b\n.png", "broken.png"]
    photos = [portrait(name) for name in names[:-1]] + [Photo("x", names[-1], b"no photo")]
    results = [analyze(analyzer, photo) for photo in photos]
    with zipfile.ZipFile(io.BytesIO(annotated_zip(photos, results))) as archive:
        assert archive.testzip() is None
        inside = archive.namelist()
        pictures = [np.asarray(Image.open(archive.open(name))) for name in inside]
    assert inside == [
        "a-emotions.png",
        "a-emotions-2.png",
        "A-emotions-3.png",
        "a-emotions-2-emotions.png",
        "file-emotions.png",
        "b_n-emotions.png",
    ]
    for picture in pictures:
        assert picture.shape == astronaut().shape
        assert (picture != astronaut()).any()


def test_large_photos_are_smaller_in_the_archive(analyzer: EmotionAnalyzer) -> None:
    photo = Photo("p", "p.png", file_bytes(Image.fromarray(plain(3200, 800)), "PNG"))
    data = annotated_zip([photo], [analyze(analyzer, photo)])
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        picture = Image.open(archive.open("p-emotions.png"))
        assert picture.size == (PICTURE_SIDE_PX, 400)


def test_a_photo_that_cannot_be_read_is_in_the_table(analyzer: EmotionAnalyzer) -> None:
    photos = [portrait("a.png"), Photo("x", "x.png", b"no photo")]
    rows = json.loads(table_json(analyzer, [analyze(analyzer, photo) for photo in photos]))
    assert [row["file"] for row in rows] == ["a.png", "x.png"]
    assert [row["emotion"] for row in rows] == ["happy", None]
    assert rows[1]["problem"].startswith("This is not a JPG")


def test_what_the_answer_hangs_on_is_a_picture(analyzer: EmotionAnalyzer) -> None:
    photo = portrait("a.png")
    (found,) = found_faces(photo, analyze(analyzer, photo))
    picture, fall = explain(analyzer, found)
    pixels = np.asarray(Image.open(io.BytesIO(picture))).astype(int)
    assert 0 < fall <= 1
    red = pixels[..., 0] - pixels[..., 2]
    assert red.max() > 80, "something speaks for the answer"
    third = len(red) // 3
    assert red[2 * third :].mean() > red[:third].mean(), "a smile is in the lower part of the face"

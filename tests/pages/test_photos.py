"""The photo page."""

import io
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from fer_core.reports import PhotoReport
from tests.faces import plain
from tests.pages.visits import (
    button,
    downloads,
    encoded,
    finished,
    html,
    labels,
    open_page,
    portrait,
    texts,
    title,
    upload,
)
from webapp.visits import photo_results, photo_visit
from webapp.visits.photo_visit import PhotoVisit

WALL = encoded(plain(300, 200), "PNG")


def png(image: np.ndarray[Any, Any]) -> bytes:
    return encoded(image, "PNG")


def test_a_finished_example_is_shown_before_anything_is_uploaded(photo_page: AppTest) -> None:
    assert title(photo_page) == "Read the expression on any face"
    assert "Two portraits, 2 faces" in texts(photo_page)
    assert "happy" in html(photo_page)
    assert downloads(photo_page) == []


def test_the_example_can_be_taken_as_a_photo_of_ones_own(photo_page: AppTest) -> None:
    photo_page.segmented_control(key="photo_source").set_value("Example").run()
    assert title(finished(photo_page)) == "1 photo, 2 faces"


def test_the_title_is_the_summary_and_faces_are_read_row_by_row(photo_page: AppTest) -> None:
    rows = np.vstack([np.hstack([portrait()] * 2)] * 2)
    upload(photo_page, ("four.png", png(rows)))
    assert title(photo_page) == "1 photo, 4 faces"
    boxes = [found.face.box for found in photo_page.session_state["photos"].faces]
    assert [(box.x1 > 400, box.y1 > 400) for box in boxes] == [
        (False, False),
        (True, False),
        (False, True),
        (True, True),
    ]


def test_a_photo_without_a_face_says_what_helps(photo_page: AppTest) -> None:
    upload(photo_page, ("wall.png", WALL))
    assert title(photo_page) == "1 photo, no face"
    assert "Try a brighter, closer photo that faces the camera." in texts(photo_page)


def test_what_cannot_be_read_says_why_in_the_page_and_harms_no_other(photo_page: AppTest) -> None:
    good = png(portrait())
    upload(photo_page, ("cut.png", good[:2000]), ("good.png", good), ("empty.png", b""))
    assert title(photo_page) == "1 photo, 1 face"
    assert "`cut.png`: The photo is broken or cut off and cannot be read." in texts(photo_page)
    assert "`empty.png`: The file is empty." in texts(photo_page)


def test_where_nothing_was_readable_there_is_the_place_for_photos_again(
    photo_page: AppTest,
) -> None:
    upload(photo_page, ("empty.png", b""))
    assert title(photo_page) == "This photo cannot be read"
    assert downloads(photo_page) == []
    upload(photo_page, ("cut.png", png(portrait())[:2000]))
    assert title(photo_page) == "No photo could be read"
    upload(photo_page, ("wall.png", WALL))
    assert title(photo_page) == "1 photo, no face"


def test_files_with_the_same_problem_share_a_message(photo_page: AppTest) -> None:
    upload(photo_page, *((f"{number}.png", b"") for number in range(60)))
    assert "`0.png`, `1.png`, `2.png`, `3.png`, `4.png` and 55 others: The file is empty." in texts(
        photo_page
    )


def test_of_an_animation_the_page_says_that_one_image_was_read(photo_page: AppTest) -> None:
    frames = [Image.fromarray(portrait()), Image.fromarray(portrait()[:, ::-1])]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:])
    upload(photo_page, ("party.gif", buffer.getvalue()))
    assert title(photo_page) == "1 photo, 1 face"
    assert "`party.gif`: The file is an animation, of which the first image" in texts(photo_page)


def test_a_photo_that_is_read_soon_is_shown_at_once(
    photo_page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PhotoVisit, "wait_for_first", lambda visit, _: visit.job.wait())
    photo_page.file_uploader[0].set_value([("wall.png", WALL, "image/png")]).run()
    assert title(photo_page) == "1 photo, no face"


def test_results_stay_while_other_pages_are_open_until_they_are_cleared(
    photo_page: AppTest,
) -> None:
    upload(photo_page, ("good.png", png(portrait())))
    photo_page.switch_page("pages/models.py").run()
    photo_page.switch_page("pages/photos.py").run()
    assert title(photo_page) == "1 photo, 1 face"
    button(photo_page, "Clear all").click().run()
    assert title(photo_page) == "Read the expression on any face"
    assert photo_page.session_state["photos"].photos == []


def test_further_photos_join_those_that_are_there(photo_page: AppTest) -> None:
    upload(photo_page, ("good.png", png(portrait())))
    upload(photo_page, ("wall.png", WALL))
    assert title(photo_page) == "2 photos, 1 face"


def test_too_many_photos_make_room_and_the_page_says_so(
    photo_page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(photo_visit, "MOST_BYTES", len(WALL) + 10)
    upload(photo_page, ("a.png", WALL), ("b.png", WALL))
    assert title(photo_page) == "1 photo, no face"
    assert "1 photo left to make room for newer ones." in texts(photo_page)


def test_the_same_photo_is_read_again_with_another_model(photo_page: AppTest) -> None:
    upload(photo_page, ("good.png", png(portrait())))
    first = photo_page.session_state["photos"].faces[0].face.probabilities
    photo_page.radio(key="chosen_model").set_value(1).run()
    again = finished(photo_page).session_state["photos"].faces[0].face.probabilities
    assert title(photo_page) == "1 photo, 1 face"
    assert first != again


def test_a_face_that_is_too_unclear_is_called_so(photo_page: AppTest) -> None:
    upload(photo_page, ("blurred.png", png(cv2.GaussianBlur(portrait(), (0, 0), 7))))
    assert "too unclear to tell" in html(photo_page)
    assert "The face is blurred. A closer, brighter photo helps." in texts(photo_page)


def test_all_bars_and_the_reason_are_shown_on_demand(photo_page: AppTest) -> None:
    upload(photo_page, ("good.png", png(portrait())))
    assert "disgusted" not in html(photo_page)
    button(photo_page, "All seven").click().run()
    assert "disgusted" in html(photo_page)
    button(photo_page, "Why?").click().run()
    assert "The model looked most at the red areas." in texts(photo_page)
    assert "Hide the heat map" in labels(photo_page)


def test_more_than_three_photos_open_as_faces_that_can_be_filtered(photo_page: AppTest) -> None:
    blurred = png(cv2.GaussianBlur(portrait(), (0, 0), 7))
    good = png(portrait())
    upload(photo_page, *((f"{n}.png", good) for n in range(3)), ("blurred.png", blurred))
    assert photo_page.segmented_control(key="photo_view").value == "Faces"
    assert html(photo_page).count("%</span>") == 3
    photo_page.session_state["photo_filter"] = "unclear"
    photo_page.run()
    assert html(photo_page).count("%</span>") == 0
    assert html(photo_page).count("too unclear</span>") == 1


def test_many_photos_with_labels_are_offered_in_archives_of_bounded_size(
    photo_page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.views.photos.photo_files.PHOTOS_A_ZIP", 2)
    upload(photo_page, *((f"{number}.png", WALL) for number in range(3)))
    assert downloads(photo_page) == [
        "Photos 1 to 2 with labels (ZIP)",
        "Photos 3 to 3 with labels (ZIP)",
        "Table (CSV)",
        "Data (JSON)",
    ]


def test_cancel_ends_the_work_and_keeps_what_was_found() -> None:
    page = open_page("photos")
    visit = page.session_state["photos"]
    visit.add([photo_results.Photo("a", "a.png", WALL), photo_results.Photo("b", "b.png", WALL)])
    visit.results["a"] = photo_results.Result(PhotoReport("a.png", (3, 2)))
    visit.stop()
    assert [photo.key for photo in visit.photos] == ["a"]
    assert not visit.is_working


def test_a_photo_that_is_a_face_is_shown_once_and_read_whole(photo_page: AppTest) -> None:
    upload(photo_page, ("wall.png", WALL))
    photo_page.toggle[0].set_value(True).run()
    finished(photo_page)
    assert title(photo_page) == "1 photo, 1 face"
    assert "already cropped to the face, so it is read whole." in html(photo_page)

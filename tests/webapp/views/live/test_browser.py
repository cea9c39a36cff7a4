import pytest

from webapp.views import words
from webapp.views.live import browser


@pytest.mark.parametrize(
    ("error", "title"),
    [
        pytest.param("NotAllowedError: Permission denied", "Camera access is blocked", id="no"),
        pytest.param("NotFoundError: Requested device not found", "No camera found", id="missing"),
        pytest.param("NotReadableError: Could not start", "The camera is busy", id="busy"),
        pytest.param(
            "Error: navigator.mediaDevices is undefined.",
            "Browsers give the camera to secure pages only",
            id="insecure-origin",
        ),
        pytest.param("OddError: 42", "The camera could not be started", id="unknown"),
    ],
)
def test_what_the_browser_says_of_the_camera_is_explained(error: str, title: str) -> None:
    problem = browser.explain_camera_error(error)
    assert problem is not None
    assert problem.title == title
    assert problem.way_out


def test_without_an_error_there_is_nothing_to_explain() -> None:
    assert browser.explain_camera_error("") is None


def test_a_file_name_is_shown_as_it_is_and_not_as_markdown() -> None:
    assert words.code("a_b*[c](d) www.example.org.png") == "`a_b*[c](d) www.example.org.png`"
    assert words.code("a`b") == "`a'b`"


@pytest.mark.parametrize(
    ("n", "text"), [(0, "no face"), (1, "1 face"), (2, "2 faces")], ids=["none", "one", "two"]
)
def test_numbers_stand_before_their_noun(n: int, text: str) -> None:
    assert words.count(n, "face") == text

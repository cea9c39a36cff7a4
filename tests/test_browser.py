import pytest

from parts import browser, widgets


@pytest.mark.parametrize(
    ("error", "begins"),
    [
        pytest.param("", "", id="none"),
        pytest.param("NotAllowedError: Permission denied", "The browser may not", id="refused"),
        pytest.param("NotFoundError: Requested device not found", "No camera", id="missing"),
        pytest.param("NotReadableError: Could not start", "The camera is busy", id="busy"),
        pytest.param(
            "Error: navigator.mediaDevices is undefined.", "Browsers give", id="insecure-origin"
        ),
        pytest.param(
            "OddError: 42",
            "The camera could not be started. The browser says: `OddError",
            id="unknown",
        ),
    ],
)
def test_what_the_browser_says_of_the_camera_is_explained(error: str, begins: str) -> None:
    sentence = browser.explain_camera_error(error)
    assert sentence.startswith(begins)
    assert bool(sentence) == bool(error)


def test_a_file_name_is_shown_as_it_is_and_not_as_markdown() -> None:
    assert widgets.code("a_b*[c](d) www.example.org.png") == "`a_b*[c](d) www.example.org.png`"
    assert widgets.code("a`b") == "`a'b`"

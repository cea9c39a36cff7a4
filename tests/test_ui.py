import json

import pytest

import ui
from fer_core.model_store import DEFAULT_MODEL
from serving.turn import TurnServer


def test_nothing_set_asks_no_server_and_takes_the_default_network() -> None:
    assert ui.read_settings({}) == ui.Settings(DEFAULT_MODEL, [], 20, 200)


def test_empty_values_count_as_not_set() -> None:
    names = (
        "MODEL",
        "ICE_SERVERS",
        "MAX_UPLOAD_MB",
        "MAX_VIDEO_MB",
        "TURN_URLS",
        "TURN_SECRET",
        "MAX_LIVE_SESSIONS",
    )
    empty = {f"FER_{name}": "" for name in names}
    assert ui.read_settings(empty) == ui.read_settings({})


def test_every_setting_is_read() -> None:
    servers = [{"urls": ["turn:host:3478"], "username": "a", "credential": "b"}]
    environ = {
        "FER_MODEL": "other",
        "FER_ICE_SERVERS": json.dumps(servers),
        "FER_MAX_UPLOAD_MB": "7",
        "FER_MAX_VIDEO_MB": "70",
        "FER_TURN_URLS": "turn:host:3478?transport=udp, turns:host:443?transport=tcp,",
        "FER_TURN_SECRET": "north",
        "FER_MAX_LIVE_SESSIONS": "12",
        "FER_DETECTOR": "yunet.onnx",
    }
    turn = TurnServer(("turn:host:3478?transport=udp", "turns:host:443?transport=tcp"), "north")
    assert ui.read_settings(environ) == ui.Settings(
        "other", servers, 7, 70, turn, 12, detector="yunet.onnx"
    )


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        pytest.param({"FER_TURN_URLS": "turn:host"}, "FER_TURN_SECRET", id="no-secret"),
        pytest.param({"FER_TURN_SECRET": "north"}, "FER_TURN_URLS", id="no-urls"),
        pytest.param(
            {"FER_TURN_SECRET": "north", "FER_TURN_URLS": "host:3478"}, "FER_TURN_URLS", id="no-url"
        ),
        pytest.param(
            {"FER_TURN_SECRET": "turn:host", "FER_TURN_URLS": "north"},
            "FER_TURN_URLS",
            id="swapped",
        ),
    ],
)
def test_half_a_turn_server_is_named_and_its_secret_is_not(
    environ: dict[str, str], named: str
) -> None:
    with pytest.raises(ValueError, match=f"^{named} .*\\.$") as caught:
        ui.read_settings(environ)
    assert "north" not in str(caught.value)


def test_the_secret_is_not_in_the_repr_of_the_settings() -> None:
    environ = {"FER_TURN_URLS": "turn:host", "FER_TURN_SECRET": "north"}
    assert "north" not in repr(ui.read_settings(environ))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("FER_ICE_SERVERS", "stun:host", id="no-json"),
        pytest.param("FER_ICE_SERVERS", '{"urls": "stun:host"}', id="no-list"),
        pytest.param("FER_ICE_SERVERS", '["stun:host"]', id="list-of-text"),
        pytest.param("FER_ICE_SERVERS", '[{"url": "stun:host"}]', id="misspelt"),
        pytest.param("FER_MAX_UPLOAD_MB", "0", id="zero"),
        pytest.param("FER_MAX_UPLOAD_MB", "-3", id="negative"),
        pytest.param("FER_MAX_UPLOAD_MB", "1.5", id="fraction"),
        pytest.param("FER_MAX_UPLOAD_MB", "201", id="above-the-servers-limit"),
        pytest.param("FER_MAX_UPLOAD_MB", "9" * 30, id="absurd"),
        pytest.param("FER_MAX_UPLOAD_MB", "ten", id="word"),
        pytest.param("FER_MAX_VIDEO_MB", "201", id="video-above-the-servers-limit"),
        pytest.param("FER_MAX_LIVE_SESSIONS", "0", id="no-place"),
        pytest.param("FER_MAX_LIVE_SESSIONS", "1001", id="more-than-any-process-serves"),
        pytest.param("FER_MAX_UPLOAD_MB", "²", id="a-digit-that-is-no-number"),
    ],
)
def test_a_malformed_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} .*\\.$"):
        ui.read_settings({name: value})


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
    sentence = ui.explain_camera_error(error)
    assert sentence.startswith(begins)
    assert bool(sentence) == bool(error)


def test_a_file_name_is_shown_as_it_is_and_not_as_markdown() -> None:
    assert ui.code("a_b*[c](d) www.example.org.png") == "`a_b*[c](d) www.example.org.png`"
    assert ui.code("a`b") == "`a'b`"

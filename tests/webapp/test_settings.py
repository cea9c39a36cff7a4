import json

import pytest

from fer_core.classification.model_store import DEFAULT_MODEL
from webapp.live.turn import TurnServer
from webapp.settings import Settings, read_settings


def test_nothing_set_asks_no_server_and_takes_the_default_model() -> None:
    assert read_settings({}) == Settings(DEFAULT_MODEL, [], 20, 200)


def test_empty_values_count_as_not_set() -> None:
    names = (
        "MODEL",
        "ICE_SERVERS",
        "MAX_UPLOAD_MB",
        "MAX_VIDEO_MB",
        "TURN_URLS",
        "TURN_SECRET",
        "MAX_LIVE_SESSIONS",
        "METRICS_PORT",
    )
    empty = {f"FER_{name}": "" for name in names}
    assert read_settings(empty) == read_settings({})


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
        "FER_METRICS_PORT": "9100",
        "FER_DETECTOR": "yunet.onnx",
    }
    turn = TurnServer(("turn:host:3478?transport=udp", "turns:host:443?transport=tcp"), "north")
    expected = Settings("other", servers, 7, 70, turn, 12, 9100, "yunet.onnx")
    assert read_settings(environ) == expected


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
        read_settings(environ)
    assert "north" not in str(caught.value)


def test_the_secret_is_not_in_the_repr_of_the_settings() -> None:
    environ = {"FER_TURN_URLS": "turn:host", "FER_TURN_SECRET": "north"}
    assert "north" not in repr(read_settings(environ))


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
        pytest.param("FER_METRICS_PORT", "0", id="no-port"),
        pytest.param("FER_METRICS_PORT", "65536", id="past-the-last-port"),
        pytest.param("FER_METRICS_PORT", "localhost:9100", id="an-address"),
        pytest.param("FER_MAX_UPLOAD_MB", "²", id="a-digit-that-is-no-number"),
    ],
)
def test_a_malformed_setting_is_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"^{name} .*\\.$"):
        read_settings({name: value})

import base64

import pytest

from webapp.live.turn import LIFETIME_S, TurnServer, password

SERVER = TurnServer(("turn:host:3478",), "s3cret-of-the-relay")


@pytest.mark.parametrize(
    ("secret", "username", "digest"),
    [
        # RFC 2202, section 3, test case 2.
        pytest.param(
            "Jefe",
            "what do ya want for nothing?",
            "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
            id="short-key",
        ),
        # printf '1700000000:alice' | openssl dgst -sha1 -hmac north
        pytest.param(
            "north",
            "1700000000:alice",
            "09dff8f6ca04df9202a9c245fdb0939fc6783b21",
            id="expiry-and-name",
        ),
    ],
)
def test_the_password_is_the_hmac_of_the_user_name(secret: str, username: str, digest: str) -> None:
    assert base64.b64decode(password(secret, username)).hex() == digest


@pytest.mark.parametrize("now_s", [0, 1, LIFETIME_S / 2 - 0.5, LIFETIME_S / 2, 1.7e9 + 0.9])
def test_what_is_handed_out_lasts_half_a_lifetime_and_at_most_a_whole_one(now_s: float) -> None:
    username = SERVER.ice_server("viewer", now_s)["username"]
    assert isinstance(username, str)
    expiry, viewer = username.split(":")
    assert viewer == "viewer"
    assert LIFETIME_S / 2 < int(expiry) - now_s <= LIFETIME_S


def test_a_page_that_runs_again_gets_the_same_until_they_are_renewed() -> None:
    step_s = LIFETIME_S // 2
    first, last, renewed = (
        SERVER.ice_server("viewer", now_s) for now_s in (step_s, 2 * step_s - 1, 2 * step_s)
    )
    assert first == last
    assert renewed["username"] != first["username"]
    assert renewed["credential"] != first["credential"]


def test_two_viewers_get_different_ones() -> None:
    one, other = (SERVER.ice_server(viewer, 0) for viewer in ("one", "other"))
    assert one["username"] != other["username"]
    assert one["credential"] != other["credential"]
    assert one["urls"] == other["urls"] == ["turn:host:3478"]


def test_the_secret_is_in_neither_the_repr_nor_what_a_viewer_gets() -> None:
    assert SERVER.secret not in repr(SERVER)
    assert SERVER.secret not in repr(SERVER.ice_server("viewer", 0))


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("", id="empty"),
        pytest.param("host:3478", id="no-scheme"),
        pytest.param("stun:host", id="stun"),
        pytest.param("turn:", id="no-host"),
        pytest.param("turn://host", id="slashes"),
        pytest.param("turn:host?transport=sctp", id="unknown-transport"),
        pytest.param("turn:user:pass@host", id="credentials-in-it"),
    ],
)
def test_what_is_no_turn_url_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="turn:host:3478"):
        TurnServer((url,), "secret")


@pytest.mark.parametrize(
    "url", ["turn:host", "turns:host:443?transport=tcp", "turn:[2001:db8::1]:3478?transport=udp"]
)
def test_turn_urls_are_taken(url: str) -> None:
    assert TurnServer((url,), "secret").urls == (url,)


def test_no_url_and_no_secret_are_refused() -> None:
    with pytest.raises(ValueError, match="turn:host"):
        TurnServer((), "secret")
    with pytest.raises(ValueError, match="secret is empty"):
        TurnServer(("turn:host",), "")

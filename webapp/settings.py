"""The settings of the environment, the same for all viewers."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fer_core.classification.model_store import DEFAULT_MODEL
from webapp.live.turn import TurnServer

MOST_LIVE_SESSIONS = 1000
"""Largest setting: more viewers than one process could ever serve."""

LIVE_SESSIONS_A_PROCESSOR = 2
"""Live viewers a processor. Eight viewers on two processors get 13 to 16 of 20 frames a second."""

MOST_UPLOAD_MB = 200
"""The server's own limit, `server.maxUploadSize`."""

MOST_PORT = 65535
"""The largest number of a TCP port."""


def usual_live_sessions() -> int:
    """Number of viewers that this machine serves at the full rate."""
    return LIVE_SESSIONS_A_PROCESSOR * (os.cpu_count() or 1)


@dataclass(frozen=True)
class Settings:
    """The settings of the environment, the same for all viewers.

    Attributes:
        model: `FER_MODEL`, name or folder of the model.
        ice_servers: `FER_ICE_SERVERS`, a JSON list such as `[{"urls": "stun:host:3478"}]` for
            viewers on other networks; without it none is asked, which is all localhost needs.
        max_upload_mb: `FER_MAX_UPLOAD_MB`, the largest photo in megabytes.
        max_video_mb: `FER_MAX_VIDEO_MB`, the largest video in megabytes.
        turn: `FER_TURN_URLS`, separated by commas, and `FER_TURN_SECRET`; each viewer gets
            credentials of their own for it.
        max_live_sessions: `FER_MAX_LIVE_SESSIONS`, viewers whose camera is live at a time; two a
            processor where it is not set.
        metrics_port: `FER_METRICS_PORT`, where Prometheus reads the counters; 0 for nowhere.
        detector: `FER_DETECTOR`, file of a face detector; "" for Haar.
    """

    model: str = DEFAULT_MODEL
    ice_servers: list[dict[str, Any]] = field(default_factory=list)
    max_upload_mb: int = 20
    max_video_mb: int = MOST_UPLOAD_MB
    turn: TurnServer | None = None
    max_live_sessions: int = field(default_factory=usual_live_sessions)
    metrics_port: int = 0
    detector: str = ""


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings.

    Raises:
        ValueError: One of them is malformed; the sentence names it.
    """
    return Settings(
        model=environ.get("FER_MODEL") or DEFAULT_MODEL,
        ice_servers=_read_ice_servers(environ),
        max_upload_mb=_read_whole_number(environ, "FER_MAX_UPLOAD_MB", 20, MOST_UPLOAD_MB),
        max_video_mb=_read_whole_number(
            environ, "FER_MAX_VIDEO_MB", MOST_UPLOAD_MB, MOST_UPLOAD_MB
        ),
        turn=_read_turn(environ),
        max_live_sessions=_read_whole_number(
            environ, "FER_MAX_LIVE_SESSIONS", usual_live_sessions(), MOST_LIVE_SESSIONS
        ),
        metrics_port=_read_whole_number(environ, "FER_METRICS_PORT", 0, MOST_PORT),
        detector=environ.get("FER_DETECTOR") or "",
    )


def _read_ice_servers(environ: Mapping[str, str]) -> list[dict[str, Any]]:
    try:
        ice_servers = json.loads(environ.get("FER_ICE_SERVERS") or "[]")
    except ValueError as error:
        raise ValueError(f"FER_ICE_SERVERS is not valid JSON: {error}.") from error
    if not isinstance(ice_servers, list) or not all(
        isinstance(server, dict) and "urls" in server for server in ice_servers
    ):
        raise ValueError('FER_ICE_SERVERS must be a list such as [{"urls": "stun:host:3478"}].')
    return ice_servers


def _read_turn(environ: Mapping[str, str]) -> TurnServer | None:
    urls = [url.strip() for url in (environ.get("FER_TURN_URLS") or "").split(",") if url.strip()]
    secret = environ.get("FER_TURN_SECRET") or ""
    if not urls and not secret:
        return None
    if not secret:
        raise ValueError("FER_TURN_SECRET must be set where FER_TURN_URLS is.")
    try:
        return TurnServer(tuple(urls), secret)
    except ValueError as error:
        raise ValueError(
            "FER_TURN_URLS must be such as turn:host:3478, several separated by commas."
        ) from error


def _read_whole_number(environ: Mapping[str, str], name: str, default: int, largest: int) -> int:
    value = environ.get(name) or ""
    if not value:
        return default
    is_plain = value.isascii() and value.isdigit() and not value.startswith("0")
    if not is_plain or len(value) > len(str(largest)) or int(value) > largest:
        raise ValueError(f"{name} must be a whole number from 1 to {largest}. Received: {value!r}.")
    return int(value)

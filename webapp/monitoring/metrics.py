"""Counters that a Prometheus server can read over HTTP."""

from collections.abc import Mapping

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    start_http_server,
)

STAGE_BUCKETS_S = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5)


class Metrics:
    """The counters of one server. Safe to share between threads."""

    def __init__(self) -> None:
        """Start at zero, read by nobody."""
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.live_sessions = Gauge("fer_live_sessions", "Live streams now", registry=registry)
        self.live_started = Counter(
            "fer_live_sessions_started", "Live streams whose first frame came", registry=registry
        )
        self.live_ended = Counter(
            "fer_live_sessions_ended", "Live streams that ended", ["reason"], registry=registry
        )
        self.live_refused = Counter(
            "fer_live_refused", "Viewers who found all live places taken", registry=registry
        )
        self.frames = Counter("fer_live_frames", "Live frames processed", registry=registry)
        self.dropped = Counter(
            "fer_live_frames_dropped",
            "Live frames left out, since a newer one was there already",
            registry=registry,
        )
        self._stages = Histogram(
            "fer_live_stage_seconds",
            "Time that a stage of a live frame took",
            ["stage"],
            buckets=STAGE_BUCKETS_S,
            registry=registry,
        )
        self.photos = Counter("fer_photos", "Photos analyzed", registry=registry)
        self.videos = Counter("fer_videos", "Videos analyzed to their end", registry=registry)
        self.faces = Counter("fer_faces", "Faces found", ["source"], registry=registry)
        self.errors = Counter("fer_errors", "What went wrong", ["kind"], registry=registry)

    def stages(self, stage_ms: Mapping[str, float]) -> None:
        """Add the milliseconds of a frame's stages."""
        for stage, ms in stage_ms.items():
            self._stages.labels(stage).observe(ms / 1000)

    def serve(self, address: str, port: int) -> "Endpoint":
        """Let them be read at this address.

        Raises:
            OSError: The port is taken or not allowed.
        """
        return Endpoint(self.registry, address, port)


class Endpoint:
    """Answers HTTP requests with the counters, in threads of its own, until it is closed."""

    def __init__(self, registry: CollectorRegistry, address: str, port: int) -> None:
        self._server, self._thread = start_http_server(port, address, registry)

    def close(self) -> None:
        """Free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

import socket
import urllib.request

import pytest

from tests.e2e.conftest import free_port
from webapp.monitoring.metrics import Metrics


def test_they_are_read_over_http_until_the_endpoint_is_closed() -> None:
    metrics, port = Metrics(), free_port()
    metrics.photos.inc(3)
    endpoint = metrics.serve("127.0.0.1", port)
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        lines = answer.read().decode().splitlines()
    assert "fer_photos_total 3.0" in lines
    assert any(line.startswith("process_resident_memory_bytes ") for line in lines)
    endpoint.close()
    metrics.serve("127.0.0.1", port).close()


def test_two_servers_in_one_process_count_for_themselves() -> None:
    one, other = Metrics(), Metrics()
    one.videos.inc()
    assert one.registry.get_sample_value("fer_videos_total") == 1
    assert other.registry.get_sample_value("fer_videos_total") == 0


def test_a_port_that_is_taken_is_an_error_of_the_system() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(OSError, match="in use"):
        Metrics().serve("127.0.0.1", taken.getsockname()[1])

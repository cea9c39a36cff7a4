"""The app as it is deployed: behind Caddy with TLS, its video relayed by coturn.

Both run with the files that compose.yaml mounts; only ports and addresses are the test's own.
"""

import http.client
import os
import shutil
import socket
import ssl
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socketserver import BaseServer, DatagramRequestHandler, ThreadingUDPServer
from threading import Thread
from urllib.parse import urlsplit

import dns.message
import dns.rdatatype
import dns.rrset
import pytest
import yaml
from playwright.sync_api import BrowserType, ConsoleMessage, Page, expect

from tests.e2e.conftest import START_TIMEOUT_S, App, free_port, launch
from tests.e2e.test_live import n_frames, start, stop
from tests.waiting import wait_until

DOMAIN = "fer.test"
SECRET = "a-secret-that-stays-between-app-and-coturn"

# Keeps each connection for the test and lets no candidate but relayed ones out or in. The server's
# end may still send from its own address, but only to the browser's relayed one.
RELAY_ONLY = """
const Real = RTCPeerConnection;
window.connections = [];
window.RTCPeerConnection = function (configuration) {
  const connection = new Real({...configuration, iceTransportPolicy: "relay"});
  window.connections.push(connection);
  window.configuration = configuration;
  return connection;
};
window.RTCPeerConnection.prototype = Real.prototype;
const take = Real.prototype.setRemoteDescription;
Real.prototype.setRemoteDescription = function (answer) {
  window.answer = answer.sdp;
  const lines = answer.sdp.split("\\r\\n");
  const relayed = (line) => !line.startsWith("a=candidate") || line.includes(" typ relay");
  return take.call(this, {type: answer.type, sdp: lines.filter(relayed).join("\\r\\n")});
};
"""

# Candidate types of the pair that carries the video.
PAIR_IN_USE = """async () => {
  const stats = await window.connections.at(-1).getStats();
  for (const report of stats.values())
    if (report.selectedCandidatePairId) {
      const pair = stats.get(report.selectedCandidatePairId);
      return [pair.localCandidateId, pair.remoteCandidateId]
        .map((id) => stats.get(id).candidateType);
    }
}"""


def needs(program: str, package: str) -> pytest.MarkDecorator:
    """Without the program the test is skipped, but never in CI."""
    return pytest.mark.skipif(
        shutil.which(program) is None and not os.environ.get("CI"),
        reason=f"needs {program}, Debian's package {package}",
    )


needs_caddy = needs("caddy", "caddy")
needs_coturn = needs("turnserver", "coturn")


def machine_address() -> str:
    """An address of this machine that is not the loopback one, over which no video goes."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # sends nothing
        address: str = probe.getsockname()[0]
        return address


def listens(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


@contextmanager
def running(
    command: list[str], log: Path, address: str, port: int, **environ: str
) -> Iterator[subprocess.Popen[bytes]]:
    """A program, from when it listens until the block ends."""
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, env=os.environ | environ, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        wait_until(
            lambda: process.poll() is not None or listens(address, port),
            START_TIMEOUT_S,
            f"{command[0]} runs",
        )
        assert process.poll() is None, log.read_text()
        yield process
    finally:
        process.terminate()
        process.wait(timeout=20)


@contextmanager
def caddy(
    folder: Path,
    app_host: str,
    app_port: int,
    config: Path = Path("deploy/Caddyfile"),
    health_port: int = 0,
) -> Iterator[int]:
    """Caddy with the deployed Caddyfile; the port of its HTTPS."""
    http_port, https_port = free_port(), free_port()
    command = ["caddy", "run", "--adapter", "caddyfile", "--config", str(config)]
    with running(
        command,
        folder / "caddy.log",
        "127.0.0.1",
        https_port,
        FER_DOMAIN=DOMAIN,
        FER_TLS="internal",
        FER_MAX_VIDEO_MB="1",
        FER_APP_HOST=app_host,
        FER_APP_PORT=str(app_port),
        FER_HTTP_PORT=str(http_port),
        FER_HTTPS_PORT=str(https_port),
        FER_HEALTH_PORT=str(health_port or free_port()),
        XDG_DATA_HOME=str(folder / "data"),
        XDG_CONFIG_HOME=str(folder / "config"),
    ):
        yield https_port


@dataclass
class Deployed:
    """The app behind Caddy and coturn."""

    app: App
    port: int

    @property
    def url(self) -> str:
        """The address at which viewers open it."""
        return f"https://{DOMAIN}:{self.port}"


class Https(http.client.HTTPSConnection):
    """HTTPS to Caddy on the loopback address under the name it serves, signed by itself."""

    def __init__(self, port: int) -> None:
        self._trusting = ssl.create_default_context()
        self._trusting.check_hostname = False
        self._trusting.verify_mode = ssl.CERT_NONE
        super().__init__(DOMAIN, port, timeout=60, context=self._trusting)

    def connect(self) -> None:
        plain = socket.create_connection(("127.0.0.1", self.port), self.timeout)
        self.sock = self._trusting.wrap_socket(plain, server_hostname=DOMAIN)


def ask(
    port: int, method: str, path: str, body: bytes | None = None, **headers: str
) -> http.client.HTTPResponse:
    """Caddy's response, its body unread if the connection was taken over."""
    with closing(Https(port)) as connection:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        return connection.getresponse()


@contextmanager
def coturn(folder: Path, address: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """coturn as compose.yaml starts it."""
    command = ["sh", "deploy/turnserver.sh", f"--realm={DOMAIN}", f"--listening-port={port}"]
    command += [f"--listening-ip={address}", f"--relay-ip={address}"]
    command += [f"--allowed-peer-ip={address}"]
    log = folder / "turn.log"
    secret = {"FER_TURN_SECRET": SECRET, "TMPDIR": str(folder)}
    with running(command, log, address, port, **secret) as process:
        yield process
    assert SECRET not in log.read_text()


@pytest.fixture(scope="module")
def turn_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    address, port = machine_address(), free_port()
    with coturn(tmp_path_factory.mktemp("turn"), address, port):
        yield f"turn:{address}:{port}?transport=udp"


@pytest.fixture(scope="module")
def deployed(turn_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    folder = tmp_path_factory.mktemp("deployed")
    hosts = {"STREAMLIT_SERVER_ALLOWED_HOSTS": "*"}  # as in the image
    app = App(folder / "app.log", FER_TURN_URLS=turn_url, FER_TURN_SECRET=SECRET, **hosts)
    with caddy(folder, "127.0.0.1", app.port) as port:
        yield Deployed(app, port)
    app.stop()
    log = app.log.read_text()
    assert "Traceback" not in log
    assert SECRET not in log


@pytest.fixture
def viewer(chromium: BrowserType, clip: Path) -> Iterator[Page]:
    """A page that knows the domain and whose camera plays the clip."""
    browser = launch(
        chromium,
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--use-file-for-fake-video-capture={clip}",
        f"--host-resolver-rules=MAP {DOMAIN} 127.0.0.1",
    )
    yield browser.new_page(ignore_https_errors=True)
    browser.close()


@needs_caddy
@needs_coturn
def test_the_live_page_works_over_https_with_relayed_candidates_alone(
    viewer: Page, deployed: Deployed
) -> None:
    said: list[str] = []

    def note(message: ConsoleMessage) -> None:
        said.append(message.text)

    viewer.on("console", note)
    viewer.add_init_script(RELAY_ONLY)
    viewer.goto(f"{deployed.url}/live")
    expect(viewer.get_by_role("button", name="START", exact=True)).to_be_visible(timeout=30_000)
    video = start(viewer)
    before = n_frames(video)
    wait_until(lambda: n_frames(video) > before, 20, "the video goes on")

    frame = next(frame for frame in viewer.frames if "streamlit_webrtc" in frame.url)
    local, remote = frame.evaluate(PAIR_IN_USE)
    assert local == "relay"
    assert remote in ("relay", "prflx")
    assert " typ relay" in frame.evaluate("() => window.answer"), "the server has credentials too"
    (server,) = frame.evaluate("() => window.configuration.iceServers")
    expiry, _ = server["username"].split(":")
    assert time.time() < int(expiry) <= time.time() + 2 * 3600
    assert SECRET not in viewer.content()
    assert [line for line in said if "Content Security Policy" in line] == []
    assert [line for line in said if SECRET in line] == []
    # Where the app ends before a relay does, aioice logs a traceback.
    playing = deployed.app.n_threads()
    stop(viewer)
    wait_until(lambda: deployed.app.n_threads() <= playing - 3, 20, "STOP ends the stream")


@needs_coturn
def test_the_relays_secret_is_its_own_users_alone(tmp_path: Path) -> None:
    with coturn(tmp_path, machine_address(), free_port()) as process:
        running_as = Path(f"/proc/{process.pid}")
        command = (running_as / "cmdline").read_text()
        assert command.startswith("turnserver\0-c\0")
        assert SECRET not in command
        assert SECRET not in (running_as / "environ").read_text()
        config = Path(command.split("\0")[2])
        assert SECRET in config.read_text()
        assert config.stat().st_mode & 0o777 == 0o600


@needs_caddy
@needs_coturn
def test_a_photo_goes_up_through_the_proxy(viewer: Page, deployed: Deployed) -> None:
    viewer.goto(f"{deployed.url}/photos")
    viewer.get_by_test_id("stButtonGroup").get_by_text("Example").click(timeout=30_000)
    expect(viewer.get_by_text("1 photo, 2 faces")).to_be_visible(timeout=30_000)


@needs_caddy
@needs_coturn
def test_the_proxy_sends_security_headers(deployed: Deployed) -> None:
    answer = ask(deployed.port, "GET", "/")
    assert answer.status == 200
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Permissions-Policy"].startswith("camera=(self), microphone=()")
    assert "frame-ancestors 'self'" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Server"] is None


@needs_caddy
@needs_coturn
@pytest.mark.parametrize(
    ("origin", "status"),
    [
        pytest.param("https://{host}", 101, id="its-own-page"),
        pytest.param("https://other.example", 403, id="another-site"),
        pytest.param("null", 403, id="a-sandboxed-frame"),
    ],
)
def test_a_websocket_opens_from_its_own_pages_alone(
    deployed: Deployed, origin: str, status: int
) -> None:
    answer = ask(
        deployed.port,
        "GET",
        "/_stcore/stream",
        Connection="Upgrade",
        Upgrade="websocket",
        Sec_WebSocket_Version="13",
        Sec_WebSocket_Key="AAAAAAAAAAAAAAAAAAAAAA==",
        Sec_WebSocket_Protocol="streamlit",
        Origin=origin.format(host=f"{DOMAIN}:{deployed.port}"),
    )
    assert answer.status == status


@needs_caddy
@needs_coturn
def test_an_upload_without_the_cross_site_token_is_refused(deployed: Deployed) -> None:
    path = "/_stcore/upload_file/session/file"
    assert ask(deployed.port, "PUT", path, b"x").status == 403


class Replica(BaseHTTPRequestHandler):
    """Answers with the address that it was asked at."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Replica", self.connection.getsockname()[0])
        self.end_headers()

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
        """Say nothing."""


class Names(DatagramRequestHandler):
    """A name server that has two addresses for every name, as Docker's has for two replicas."""

    def handle(self) -> None:
        query = dns.message.from_wire(self.request[0])
        answer = dns.message.make_response(query)
        if query.question[0].rdtype == dns.rdatatype.A:
            answer.answer.append(
                dns.rrset.from_text(query.question[0].name, 1, "IN", "A", *REPLICAS)
            )
        self.wfile.write(answer.to_wire())


REPLICAS = ("127.0.0.2", "127.0.0.3")


@contextmanager
def serving(*servers: BaseServer) -> Iterator[None]:
    for server in servers:
        Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield
    finally:
        for server in servers:
            server.shutdown()
            server.server_close()


@needs_caddy
def test_an_upload_above_the_limit_ends_at_the_proxy(tmp_path: Path) -> None:
    app = ThreadingHTTPServer(("127.0.0.1", 0), Replica)
    with serving(app), caddy(tmp_path, "127.0.0.1", app.server_address[1]) as https_port:
        assert ask(https_port, "PUT", "/", b"x" * 1_048_576).status == 200
        # Caddy 2.6, which Debian has, calls it a bad gateway.
        assert ask(https_port, "PUT", "/", b"x" * 1_600_000).status in (413, 502)


@needs_caddy
def test_the_proxys_health_check_names_the_address_that_answers(tmp_path: Path) -> None:
    services = yaml.safe_load(Path("compose.yaml").read_text())["services"]
    *_, url = services["caddy"]["healthcheck"]["test"]
    assert urlsplit(url).hostname == "127.0.0.1", "BusyBox asks ::1 alone for localhost"
    port = free_port()
    asked = url.replace(":2020", f":{port}")
    with (
        caddy(tmp_path, "127.0.0.1", free_port(), health_port=port),
        urllib.request.urlopen(asked, timeout=10) as answer,
    ):
        assert answer.status == 200


@needs_caddy
def test_a_viewer_stays_with_one_of_several_replicas(tmp_path: Path) -> None:
    port = free_port()
    names = ThreadingUDPServer(("127.0.0.1", 0), Names)
    config = tmp_path / "Caddyfile"
    resolver = f"dynamic a {{\nresolvers udp/127.0.0.1:{names.server_address[1]}\n"
    config.write_text(Path("deploy/Caddyfile").read_text().replace("dynamic a {\n", resolver))

    replicas = [ThreadingHTTPServer((address, port), Replica) for address in REPLICAS]
    with serving(names, *replicas), caddy(tmp_path, "app", port, config) as https_port:
        seen = set()
        for _ in range(20):
            first = ask(https_port, "GET", "/")
            cookie, *flags = first.headers["Set-Cookie"].split("; ")
            assert {"HttpOnly", "Secure", "SameSite=Lax"} <= set(flags)
            again = [ask(https_port, "GET", "/", Cookie=cookie) for _ in range(5)]
            assert {answer.headers["Replica"] for answer in again} == {first.headers["Replica"]}
            seen.add(first.headers["Replica"])
    assert seen == set(REPLICAS)

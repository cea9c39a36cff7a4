"""compose.yaml and what it mounts, held against each other and against what the app reads."""

import ipaddress
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
TEXT = (ROOT / "compose.yaml").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
SIGN_IN = yaml.safe_load((ROOT / "compose.signin.yaml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load(TEXT)["services"]
TURN_CONFIG = (ROOT / "deploy" / "turnserver.conf").read_text(encoding="utf-8")
DEPLOYMENT = (ROOT / "docs" / "deployment.md").read_text(encoding="utf-8")
CADDYFILE = (ROOT / "deploy" / "Caddyfile").read_text(encoding="utf-8")

EXAMPLE_VALUES = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, re.MULTILINE))


def filled_in(folder: Path) -> Path:
    """.env as an operator would have it."""
    path = folder / ".env"
    path.write_text(EXAMPLE.replace("FER_TURN_SECRET=", "FER_TURN_SECRET=0123abcd"))
    return path


def compose(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = [shutil.which("docker-compose") or "docker-compose"]
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode == 0:
        program = ["docker", "compose"]
    return subprocess.run([*program, *arguments], cwd=ROOT, capture_output=True, text=True)


needs_compose = pytest.mark.skipif(
    shutil.which("docker-compose") is None and not os.environ.get("CI"),
    reason="needs docker-compose, Debian's package of that name",
)


@needs_compose
def test_compose_accepts_it_with_the_example_filled_in(tmp_path: Path) -> None:
    done = compose("--env-file", str(filled_in(tmp_path)), "-f", "compose.yaml", "config")
    assert (done.returncode, done.stderr) == (0, "")
    resolved = yaml.safe_load(done.stdout)["services"]
    assert resolved["app"]["environment"]["FER_TURN_URLS"].startswith("turn:fer.example.org:3478?")
    commands = [[*s.get("entrypoint", []), *s.get("command", [])] for s in resolved.values()]
    assert "0123abcd" not in str(commands), "ps shows them to everyone on the host"
    assert resolved["turn"]["environment"] == {"FER_TURN_SECRET": "0123abcd"}


@needs_compose
def test_compose_accepts_sign_in_on_top_of_it(tmp_path: Path) -> None:
    files = ("-f", "compose.yaml", "-f", "compose.signin.yaml")
    done = compose("--env-file", str(filled_in(tmp_path)), *files, "config")
    assert (done.returncode, done.stderr) == (0, "")
    assert "/app/.streamlit/secrets.toml" in str(yaml.safe_load(done.stdout)["services"]["app"])


@needs_compose
def test_compose_asks_for_what_is_not_filled_in() -> None:
    done = compose("--env-file", ".env.example", "-f", "compose.yaml", "config")
    assert done.returncode != 0
    assert "FER_TURN_SECRET" in done.stderr


def test_caddy_lets_heads_bodies_and_silent_connections_go() -> None:
    (timeouts,) = re.findall(r"timeouts \{(.*?)\n\t\t\}", CADDYFILE, re.DOTALL)
    kept = re.findall(r"^\t+(read_header|read_body|idle) \d+[sm]$", timeouts, re.MULTILINE)
    assert kept == ["read_header", "read_body", "idle"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_is_locked_down(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert set(service.get("cap_add", [])) <= {"NET_BIND_SERVICE"}
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert service["mem_limit"]
    assert service["pids_limit"]
    assert service["restart"] == "unless-stopped"
    assert "stop_grace_period" in service


@pytest.mark.parametrize("name", SERVICES)
def test_every_service_has_a_health_check(name: str) -> None:
    if "healthcheck" not in SERVICES[name]:
        assert SERVICES[name]["build"] == "."
        assert "HEALTHCHECK" in DOCKERFILE


def test_every_foreign_image_has_a_fixed_version() -> None:
    images = [service["image"] for service in SERVICES.values() if "image" in service]
    assert images
    assert [image for image in images if not re.search(r":\d+\.\d+\.\d+", image)] == []


def test_only_the_proxy_publishes_ports_and_the_app_is_reached_through_it() -> None:
    assert [name for name, service in SERVICES.items() if "ports" in service] == ["caddy"]
    assert "{$FER_APP_HOST:app}" in CADDYFILE
    assert "{$FER_APP_PORT:8501}" in CADDYFILE
    assert SERVICES["app"]["networks"] == SERVICES["caddy"]["networks"]


def test_every_variable_stands_in_the_example_or_has_a_default() -> None:
    without_default = set(re.findall(r"\$\{([A-Z_]+)(?:\}|:\?)", TEXT))
    assert without_default <= EXAMPLE_VALUES.keys()
    assert set(re.findall(r"\$\{([A-Z_]+)", TEXT)) >= EXAMPLE_VALUES.keys()


def test_the_example_holds_no_secret() -> None:
    assert EXAMPLE_VALUES["FER_TURN_SECRET"] == ""
    assert "static-auth-secret" not in TURN_CONFIG


def test_the_app_gets_every_setting_that_it_reads() -> None:
    read = set(
        re.findall(
            r'"(FER_[A-Z_]+)"', (ROOT / "webapp" / "settings.py").read_text(encoding="utf-8")
        )
    )
    assert read
    assert read <= SERVICES["app"]["environment"].keys()


def test_what_coturn_is_started_with_is_mounted() -> None:
    turn = SERVICES["turn"]
    mounted = dict(volume.split(":")[:2] for volume in turn["volumes"])
    assert mounted["./deploy/turnserver.sh"] == turn["entrypoint"][-1]
    assert {Path(path).parent for path in mounted.values()} == {Path(turn["entrypoint"][-1]).parent}


def test_the_secrets_of_sign_in_reach_the_containers_user_and_nobody_else() -> None:
    (volume,) = SIGN_IN["services"]["app"]["volumes"]
    source, target, mode = volume.split(":")
    (folder,) = re.findall(r"^WORKDIR (.*)$", DOCKERFILE, re.MULTILINE)
    assert (target, mode) == (f"{folder}/.streamlit/secrets.toml", "ro")
    path = source.removeprefix("./")
    (uid,) = re.findall(r"^USER (\d+)$", DOCKERFILE, re.MULTILINE)
    assert f"chmod 400 {path}\nsudo chown {uid} {path}" in DEPLOYMENT
    assert path in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    of_image = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert of_image.index("!.streamlit") < of_image.index(path), "the later line decides"


def test_what_is_mounted_is_there() -> None:
    mounted = re.findall(r"- \./([^:]+):", TEXT)
    assert mounted
    assert [path for path in mounted if not (ROOT / path).is_file()] == []


def test_the_relay_reaches_the_apps_network_and_no_other_private_one() -> None:
    network = ipaddress.ip_network(re.findall(r"subnet: (.*)", TEXT)[0])
    first, last = re.findall(r"--allowed-peer-ip=([\d.]+)-([\d.]+)", TEXT)[0]
    assert ipaddress.ip_address(first) in network
    assert ipaddress.ip_address(last) in network
    denied = [
        (ipaddress.ip_address(low), ipaddress.ip_address(high))
        for low, high in re.findall(r"^denied-peer-ip=([\d.]+)-([\d.]+)$", TURN_CONFIG, re.M)
    ]
    for private in ("10.1.2.3", "127.0.0.1", "169.254.169.254", "172.17.0.1", "192.168.1.1"):
        address = ipaddress.ip_address(private)
        assert any(low <= address <= high for low, high in denied), private  # type: ignore[operator]


def turn_number(name: str) -> int:
    """A number in turnserver.conf."""
    (number,) = re.findall(rf"^{name}=(\d+)$", TURN_CONFIG, re.MULTILINE)
    return int(number)


def test_the_ports_to_open_are_those_of_the_relay() -> None:
    port, low, high = map(turn_number, ("listening-port", "min-port", "max-port"))
    for text in (EXAMPLE, DEPLOYMENT):
        named = re.findall(r"(491\d\d) to (\d+)", " ".join(text.replace("#", "").split()))
        assert set(named) == {(str(low), str(high))}
    assert f":{port}?transport=udp" in SERVICES["app"]["environment"]["FER_TURN_URLS"]


def test_the_relay_has_room_for_the_viewers_that_the_docs_put_on_one() -> None:
    total, of_one = turn_number("total-quota"), turn_number("user-quota")
    n_urls = len(SERVICES["app"]["environment"]["FER_TURN_URLS"].split(","))
    assert total == turn_number("max-port") - turn_number("min-port") + 1
    assert f"{total:,} relay ports" in DEPLOYMENT
    assert f"may have {of_one} ports" in DEPLOYMENT
    on_two_networks = 2 * n_urls + 1
    assert total // on_two_networks >= 200
    assert of_one // on_two_networks >= 8


def test_the_counters_are_not_published_and_not_passed_on() -> None:
    assert "FER_METRICS_PORT" in SERVICES["app"]["environment"]
    assert "ports" not in SERVICES["app"]
    assert "METRICS" not in CADDYFILE
    assert re.findall("[^ ]*metrics[^ ]*", CADDYFILE) == ["/_stcore/metrics*"]  # not found
